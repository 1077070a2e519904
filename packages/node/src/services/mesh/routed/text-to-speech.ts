/**
 * A voice that is somewhere in the house. When whoever speaks dies or stands still in the middle of a sentence, the same voice at
 * another peer goes on at the same sample; another voice says the sentence from its beginning. Nothing is missing.
 */
import { chooseVoice, type SynthesizeOptions, type TextToSpeech, type Voice } from "@parley/audio/engines";
import { createResampler, type Pcm } from "@parley/audio/format";
import type { Advert, RouteRequest } from "../../../routing/index.ts";
import type { EngineFacts } from "../offers.ts";
import { samplesOf } from "../sound.ts";
import type { SpeakJob } from "../wire.ts";
import { defined } from "./defined.ts";
import { ALIVE, moving, type Sign } from "./moving.ts";
import { isAlone, mayHaveHelp, ownEngine, PlacedWork, type Ask, type Placement, type There } from "./placing.ts";
import { askEngine, takesPacked } from "./remote.ts";

type Placed = Placement<"tts">;

/** All voices of `placement` as one engine, at the rate of the first of them. */
export function routedTextToSpeech(placement: Placed, ask: Ask = {}): TextToSpeech {
  const { house } = placement;
  const sampleRateHz = placement.local?.ready?.sampleRateHz ?? elsewhereRateHz(placement) ?? USUAL_RATE_HZ;
  return {
    get id() {
      return placement.local?.ready?.id ?? house.others("tts")[0]?.advert.model ?? "house";
    },
    sampleRateHz,
    get voices() {
      return voicesOf(placement, ask);
    },
    async *synthesize(text, how = {}) {
      if (isAlone(placement)) {
        const own = await ownEngine(placement, ask, how.signal);
        yield* own.sampleRateHz === sampleRateHz
          ? own.synthesize(text, how)
          : resampled(own.synthesize(text, how), sampleRateHz);
        return;
      }
      const options = { clock: house.clock, signal: how.signal, doing: "speaking" };
      for await (const { pcm } of moving(new Sentence(placement, ask, { text, how, sampleRateHz }), options)) yield pcm;
    },
  };
}

/** Where nobody says one. */
const USUAL_RATE_HZ = 24_000;

function elsewhereRateHz({ house }: Placed): number | undefined {
  return house.others("tts").find(({ facts }) => facts.sampleRateHz !== undefined)?.facts.sampleRateHz;
}

/** This peer's own first, each once. */
export function voicesOf(placement: Placed, ask: Ask): readonly Voice[] {
  const { local, house } = placement;
  const voices = new Map<string, Voice>();
  const others = mayHaveHelp(placement, ask) ? house.others("tts") : [];
  const elsewhere = others.flatMap(({ advert }) => advert.voices);
  for (const voice of [...(local?.ready?.voices ?? []), ...elsewhere]) {
    if (!voices.has(voice.name)) voices.set(voice.name, voice);
  }
  return [...voices.values()];
}

interface Said {
  readonly text: string;
  readonly how: SynthesizeOptions;
  readonly sampleRateHz: number;
}

/** Whose sound this is: the same of all is the same sound. */
type Make = string;

interface Piece {
  readonly pcm: Pcm;
  readonly make: Make;
}

class Sentence extends PlacedWork<"tts", Piece> {
  /** Samples that were given out, and whose they were. */
  #given = 0;
  #make: Make | undefined;

  constructor(placement: Placed, ask: Ask, said: Said) {
    const { text, how, sampleRateHz } = said;
    const language = voicesOf(placement, ask).find(({ name }) => name === how.voice)?.language;
    super(placement, {
      ask,
      wishes: () => wishesFor(said, language),
      here: (engine, signal) => {
        const voice = voiceAt(engine.voices, how, language);
        const sound = engine.synthesize(text, { ...how, ...voice, signal });
        return this.#behind(resampled(sound, sampleRateHz), makeOf(engine.id, placement.local?.facts.version, voice));
      },
      there: (there, signal) => {
        const voice = voiceAt(there.advert.voices, how, language);
        const sound = spokenThere(there, { ...said, how: { ...how, ...voice } }, signal);
        return this.#behind(sound, makeOf(there.advert.model, there.facts.version, voice));
      },
      expectedMs: ({ speed }: Advert, isFirst) => {
        if (speed.msPerCharacter === undefined) return undefined;
        return (isFirst ? (speed.firstResultMs ?? 0) : 0) + speed.msPerCharacter * text.length;
      },
    });
  }

  took({ pcm, make }: Piece): void {
    if (make !== this.#make) this.#given = 0;
    this.#make = make;
    this.#given += pcm.samples.length;
  }

  /** What comes behind that which was given out; all of it where that was another voice. */
  async *#behind(sound: AsyncIterable<Sign<Pcm>>, make: Make): AsyncGenerator<Sign<Piece>> {
    let skip = this.#make === make ? this.#given : 0;
    for await (const each of sound) {
      if (typeof each === "symbol") {
        yield each;
        continue;
      }
      const { samples, sampleRateHz } = each;
      if (skip < samples.length)
        yield { make, pcm: { sampleRateHz, samples: skip === 0 ? samples : samples.subarray(skip) } };
      else yield ALIVE;
      skip = Math.max(0, skip - samples.length);
    }
  }
}

function wishesFor({ text, how }: Said, language: string | undefined): readonly Omit<RouteRequest, "capability">[] {
  const size = { characters: text.length };
  const inLanguage = language === undefined ? { size } : { size, language };
  // Another voice of that language is better than silence.
  return how.voice === undefined ? [inLanguage] : [{ size, voice: how.voice }, inLanguage];
}

/** The voice that is asked for where it is there, else one of its language. */
function voiceAt(
  voices: readonly Voice[],
  { voice }: SynthesizeOptions,
  language: string | undefined,
): { readonly voice?: string } {
  if (voice === undefined || voices.some(({ name }) => name === voice)) return defined({ voice });
  return { voice: chooseVoice(voices, { language }).name };
}

function makeOf(model: string, version: EngineFacts["version"], { voice }: { readonly voice?: string }): Make {
  return `${model}\n${version ?? ""}\n${voice ?? ""}`;
}

async function* spokenThere(
  { system, peer, advert, terms }: There,
  { text, how, sampleRateHz }: Said,
  signal: AbortSignal,
): AsyncGenerator<Sign<Pcm>> {
  const { voice, speed, urgent } = how;
  const job: Omit<SpeakJob, "replyTo" | "answer"> = {
    type: "speak",
    terms,
    text,
    ...defined({ voice, speed, urgent }),
    ...(takesPacked(advert) ? { takesPacked: true } : {}),
  };
  const make = toRate(sampleRateHz);
  for await (const item of askEngine(system, { peer, kind: "tts" }, (back) => ({ ...job, ...back }), signal)) {
    if (item.type === "sound") yield make.push({ sampleRateHz: item.sampleRateHz, samples: samplesOf(item.samples) });
    else yield ALIVE;
  }
  const rest = make.end();
  if (rest !== undefined) yield rest;
}

async function* resampled(sound: AsyncIterable<Pcm>, sampleRateHz: number): AsyncGenerator<Pcm> {
  const make = toRate(sampleRateHz);
  for await (const pcm of sound) yield make.push(pcm);
  const rest = make.end();
  if (rest !== undefined) yield rest;
}

/** Sound of any one rate at this rate; what has it already is given on as it is. */
function toRate(sampleRateHz: number) {
  let resampler: ReturnType<typeof createResampler> | undefined;
  return {
    push(pcm: Pcm): Pcm {
      if (pcm.sampleRateHz === sampleRateHz) return pcm;
      resampler ??= createResampler(pcm.sampleRateHz, sampleRateHz);
      return { sampleRateHz, samples: resampler.push(pcm.samples) };
    },
    end(): Pcm | undefined {
      const samples = resampler?.end();
      return samples === undefined || samples.length === 0 ? undefined : { sampleRateHz, samples };
    },
  };
}
