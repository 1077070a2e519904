/**
 * A recogniser that is somewhere in the house. What is said is kept until its transcript is final: when whoever recognises it dies,
 * stands still or takes too long, somebody else hears all of it, and there is one transcript.
 */
import { isActorError } from "@parley/actors";
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";
import {
  parseTranscript,
  refuseHotWords,
  refuseTooLong,
  startStream,
  StreamEvents,
  streamOver,
  type HearOptions,
  type SpeechStream,
  type SpeechToText,
  type StreamEvent,
  type StreamOptions,
  type Transcript,
} from "@parley/audio/engines";
import type { Advert, RouteRequest } from "../../../routing/index.ts";
import { blocksOf } from "../sound.ts";
import type { HearJob } from "../wire.ts";
import { KeptSound, type SoundReader } from "./kept-sound.ts";
import { ALIVE, moving, type Sign } from "./moving.ts";
import { defined } from "./defined.ts";
import {
  isAlone,
  ownEngine,
  ownIfReady,
  PlacedWork,
  type Ask,
  type Placement,
  type Task,
  type There,
} from "./placing.ts";
import { askEngine, offerSound, type Said } from "./remote.ts";

/** Blocks that the one who recognises may be behind before whoever feeds is held. */
const BLOCKS_BEHIND = 32;

type Placed = Placement<"stt">;

/** `placement`'s recognisers as one. */
export function routedSpeechToText(placement: Placed, ask: Ask = {}): SpeechToText {
  return {
    get id() {
      return placement.local?.ready?.id ?? placement.house.others("stt")[0]?.advert.model ?? "house";
    },
    get languages() {
      const own = placement.local?.ready?.languages;
      const others = placement.house.others("stt").map(({ advert }) => advert.languages);
      const all = own === undefined ? others : [own, ...others];
      // One that does not say what it knows may know anything.
      return all.some((each) => each.length === 0) ? [] : [...new Set(all.flat())];
    },
    async transcribe(samples, how = {}) {
      refuseHotWords(how.hotWords);
      if (isAlone(placement)) return await (await ownEngine(placement, ask, how.signal)).transcribe(samples, how);
      const sound = KeptSound.of(blocksOf(samples));
      const task = hearing(placement, ask, sound, how, {
        here: async function* (engine, signal) {
          yield { type: "final", transcript: await engine.transcribe(samples, { ...how, signal }) };
        },
        isWhole: true,
      });
      const { clock } = placement.house;
      for await (const event of moving(task, { clock, signal: how.signal, doing: "recognising what was said" })) {
        if (event.type === "final") return event.transcript;
      }
      throw noTranscript();
    },
    startStream: (how = {}) => {
      refuseHotWords(how.hotWords);
      const own = isAlone(placement) ? ownIfReady(placement, ask) : undefined;
      return own === undefined ? new RoutedStream(placement, ask, how) : startStream(own, how);
    },
  };
}

interface Manner {
  readonly here: Task<"stt", StreamEvent>["here"];
  readonly isWhole: boolean;
  /** Told of each reader that begins. */
  readonly reads?: (reader: SoundReader) => void;
}

/** Recognising `sound`, by whoever does it. */
function hearing(placement: Placed, ask: Ask, sound: KeptSound, how: StreamOptions, manner: Manner) {
  let endedMs: number | undefined;
  const { clock } = placement.house;
  const work = new PlacedWork<"stt", StreamEvent>(placement, {
    ask,
    wishes: () => wishesFor(sound, how),
    here: manner.here,
    there: (there, signal) => {
      // Where each partial counts, each block is heard by itself.
      const reader = sound.reader(how.partials === "every" ? undefined : clock);
      manner.reads?.(reader);
      return heardThere(there, { sound, reader, how, isWhole: manner.isWhole }, signal);
    },
    waitedSinceMs: (sinceMs) => {
      if (sound.isOver) endedMs ??= clock.nowMs();
      return endedMs === undefined ? undefined : Math.max(endedMs, sinceMs);
    },
    expectedMs: (advert) => expectedMs(advert, sound.samples),
  });
  return Object.assign(work, {
    isLast: (event: StreamEvent) => event.type === "final",
    watch: (changed: () => void) => void sound.over().then(changed),
  });
}

/** Who does not know the language is asked only where nobody does: so it is with a peer's own recogniser, too. */
function wishesFor(sound: KeptSound, { language }: HearOptions): readonly Omit<RouteRequest, "capability">[] {
  const plain = sound.isOver ? { size: { audioMs: (sound.samples * 1000) / SPEECH_RATE_HZ } } : {};
  return language === undefined ? [plain] : [{ ...plain, language }, plain];
}

function expectedMs({ speed }: Advert, samples: number): number | undefined {
  if (speed.realTimeFactor === undefined) return undefined;
  return (speed.firstResultMs ?? 0) + (speed.realTimeFactor * samples * 1000) / SPEECH_RATE_HZ;
}

async function* heardThere(
  there: There,
  given: {
    readonly sound: KeptSound;
    readonly reader: SoundReader;
    readonly how: StreamOptions;
    readonly isWhole: boolean;
  },
  signal: AbortSignal,
): AsyncGenerator<Sign<StreamEvent>> {
  const { system, peer, terms } = there;
  const { mode, hotWords, language, partials, knownMs, urgent } = given.how;
  const job: Omit<HearJob, "replyTo" | "answer"> = {
    type: "hear",
    terms,
    isWhole: given.isWhole,
    sound: offerSound(there, given.reader, signal, (block) => given.sound.mayBeLast(block)),
    ...defined({ mode, hotWords, language, partials, knownMs, urgent }),
  };
  for await (const item of askEngine(system, { peer, kind: "stt" }, (back) => ({ ...job, ...back }), signal)) {
    yield eventOf(item);
  }
}

function eventOf(item: Said): Sign<StreamEvent> {
  if (item.type === "partial") return item;
  if (item.type === "final") return { type: "final", transcript: parseTranscript(item.transcript) };
  return ALIVE;
}

async function* heardHere(
  engine: SpeechToText,
  given: { readonly sound: KeptSound; readonly reader: SoundReader; readonly how: StreamOptions },
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const stream = startStream(engine, { ...given.how, signal });
  const fed = (async () => {
    for await (const block of given.reader) await stream.feed(block, given.sound.mayBeLast(block));
    return await stream.end();
  })();
  // Whoever reads the events meets the same failure.
  fed.catch(() => undefined);
  try {
    yield* stream.events;
    // A stream that was cancelled ends its events early.
    yield { type: "final", transcript: await fed };
  } finally {
    stream.cancel();
    void given.reader.return?.();
  }
}

/** A stretch that is recognised while it is said. */
class RoutedStream implements SpeechStream {
  readonly events = new StreamEvents();
  readonly #sound = new KeptSound();
  readonly #cancelled = new AbortController();
  readonly #transcript: Promise<Transcript>;
  readonly #ahead: number;
  /** Whoever began last. */
  #reader: SoundReader | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(placement: Placed, ask: Ask, how: StreamOptions) {
    // Of what is not live all partials are wanted: it is given no faster than it is recognised.
    this.#ahead = how.partials === "every" ? 0 : BLOCKS_BEHIND;
    this.#transcript = this.#run(placement, ask, how);
    // Whoever feeds, ends or reads meets the failure; nobody may be there yet.
    this.#transcript.catch((error: unknown) => {
      this.#failure = { error };
      this.#sound.ring();
    });
  }

  async feed(samples: Float32Array, mayBeLast = false): Promise<void> {
    this.#refuse();
    refuseTooLong(this.#sound.samples + samples.length);
    this.#sound.push(samples, mayBeLast);
    const { blocks } = this.#sound;
    while (blocks - (this.#reader?.done ?? 0) > this.#ahead) {
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#refuse();
      await this.#sound.changed();
    }
  }

  async end(): Promise<Transcript> {
    this.#refuse();
    this.#sound.end();
    return await this.#transcript;
  }

  cancel(): void {
    this.events.stop();
    this.#cancelled.abort(streamOver("was cancelled"));
    this.#sound.ring();
  }

  #refuse(): void {
    if (this.#cancelled.signal.aborted) throw streamOver("was cancelled");
    if (this.#sound.isOver) throw streamOver("has ended");
  }

  async #run(placement: Placed, ask: Ask, how: StreamOptions): Promise<Transcript> {
    const own = this.#cancelled.signal;
    const signal = how.signal === undefined ? own : AbortSignal.any([how.signal, own]);
    const reads = (reader: SoundReader): void => {
      this.#reader = reader;
    };
    const work = hearing(placement, ask, this.#sound, how, {
      isWhole: false,
      reads,
      here: (engine, legSignal) => {
        const reader = this.#sound.reader();
        reads(reader);
        return heardHere(engine, { sound: this.#sound, reader, how }, legSignal);
      },
    });
    try {
      const { clock } = placement.house;
      for await (const event of moving(work, { clock, signal, doing: "recognising what is said" })) {
        if (event.type === "partial") {
          this.events.partial(event.text, event.throughMs);
        } else {
          this.events.final(event.transcript);
          return event.transcript;
        }
      }
      throw noTranscript();
    } catch (error) {
      const told = isActorError(error) ? noTranscript(error) : error;
      this.events.fail(told);
      throw told;
    }
  }
}

function noTranscript(cause?: unknown): AudioError {
  return new AudioError("engine-failed", "the recogniser ended without a transcript", {
    nextStep: "Try again; parley doctor checks the engines.",
    cause,
  });
}
