/** Speaking an SSML document: each stretch in its own manner, with the pauses between them. */
import { AudioError } from "../errors.ts";
import type { SynthesizeOptions, TextToSpeech, Voice } from "../engines/contracts.ts";
import { chooseVoice, languageSpoken, voiceOfLanguage } from "../engines/voices.ts";
import type { Pcm } from "../format/pcm.ts";
import { createResampler } from "../format/resample.ts";
import { primaryLanguage } from "../turn/language.ts";
import { parseSsml } from "../turn/ssml/document.ts";
import type { SpeakingSegment, SsmlDocument } from "../turn/ssml/document.ts";
import type { Emphasis } from "../turn/ssml/prosody.ts";
import { Ahead } from "./ahead.ts";
import { channel } from "./channel.ts";
import { behind, fromStart } from "./go-on.ts";
import type { SpeakEvent } from "./speak-event.ts";
import { EVENTS_AHEAD, type SpeakOptions } from "./speak.ts";
import { timed } from "./timed.ts";

/** Silence comes in blocks of this length. */
const SILENCE_BLOCK_MS = 200;
/** Engines take these speeds. */
const [SLOWEST, FASTEST] = [0.5, 2];

/** Engines know no emphasis: slower and a little louder, or the other way. */
const EMPHASES: Readonly<Record<Emphasis, { readonly rate: number; readonly volumeDb: number }>> = {
  none: { rate: 1, volumeDb: 0 },
  reduced: { rate: 1.08, volumeDb: -3 },
  moderate: { rate: 0.94, volumeDb: 1.5 },
  strong: { rate: 0.87, volumeDb: 3 },
};

/**
 * Reads a whole SSML document.
 * @throws AudioError `input-refused` when it is none, with line and column and what to do
 */
export function readSsml(text: string, language?: string): SsmlDocument {
  const result = parseSsml(text, { language });
  if (result.ok) return result.document;
  const { line, column, problem, nextStep } = result.fault;
  throw new AudioError("input-refused", `SSML, line ${line}, column ${column}: ${problem}`, {
    nextStep,
    details: { line, column },
  });
}

/**
 * Speaks a whole SSML document; while one stretch is taken the next ones are made. Pauses are silence, pitch is made by
 * playing slower or faster speech at another rate, and volume is held within full scale. A stretch in another language is
 * said by a voice of that language where the engine has one, and one for a named voice by that voice.
 * @throws AudioError `input-refused` when it is no document or no voice is as it is wished, those of the voice, and
 * `job-cancelled`
 */
export async function* speakSsml(
  ssml: string,
  tts: TextToSpeech,
  options: SpeakOptions = {},
): AsyncGenerator<SpeakEvent, void, undefined> {
  const voice = chooseVoice(tts.voices, options);
  const document = readSsml(ssml, languageSpoken(voice, options));
  const { speed = 1, soFar = fromStart } = options;
  const untold = document.text.slice(soFar.text.length);
  if (untold !== "" || document.text === "") yield { type: "text", delta: untold };
  const ahead = new Ahead();
  const events = channel<SpeakEvent>(
    async (emit, signal) => {
      const sound = async (event: SpeakEvent): Promise<void> => {
        ahead.made(event);
        await emit(event);
      };
      let index = 0;
      let from = 0;
      for (const segment of document.segments) {
        if (index < soFar.index) {
          index += 1;
          from += segment.spoken.written.length;
          continue;
        }
        const givenMs = index === soFar.index ? soFar.heardMs : 0;
        await ahead.room(signal);
        if (givenMs === 0)
          for (const pcm of silence(segment.pauseBeforeMs, tts.sampleRateHz))
            await sound({ type: "audio", index, pcm });
        await emit({ type: "sentence", index, text: segment.spoken.text, spoken: segment.spoken, from });
        const chosen = voiceOf(segment, tts.voices, voice);
        const { name } = chosen;
        const language = languageSpoken(chosen, segment);
        const said = say(segment, tts, { voice: name, speed, signal });
        const whole = timed(said, index, segment.spoken, language);
        for await (const event of behind(whole, givenMs)) await sound(event);
        index += 1;
        from += segment.spoken.written.length;
      }
      for (const pcm of silence(document.pauseAfterMs, tts.sampleRateHz)) {
        await sound({ type: "audio", index: Math.max(0, index - 1), pcm });
      }
    },
    { capacity: EVENTS_AHEAD, doing: "speaking", signal: options.signal },
  );
  yield* ahead.taking(events);
}

function* silence(ms: number, sampleRateHz: number): Generator<Pcm, void, undefined> {
  for (let left = ms; left > 0; left -= SILENCE_BLOCK_MS) {
    const samples = new Float32Array(Math.round((Math.min(left, SILENCE_BLOCK_MS) * sampleRateHz) / 1000));
    yield { sampleRateHz, samples };
  }
}

async function* say(
  segment: SpeakingSegment,
  tts: TextToSpeech,
  { voice, speed, signal }: { readonly voice: string; readonly speed: number; readonly signal: AbortSignal },
): AsyncGenerator<Pcm, void, undefined> {
  const { sampleRateHz } = tts;
  const emphasis = EMPHASES[segment.emphasis];
  // Whole hundreds keep the resampler's filter small.
  const raisedHz = Math.round((sampleRateHz * 2 ** (segment.pitchSemitones / 12)) / 100) * 100;
  const wanted = (speed * segment.rate * emphasis.rate * sampleRateHz) / raisedHz;
  const how: SynthesizeOptions = { speed: Math.min(FASTEST, Math.max(SLOWEST, wanted)), voice, signal };
  const gain = 10 ** ((segment.volumeDb + emphasis.volumeDb) / 20);
  const shifter = raisedHz === sampleRateHz ? undefined : createResampler(raisedHz, sampleRateHz);
  for await (const { samples } of tts.synthesize(segment.spoken.text, how)) {
    const shifted = shifter === undefined ? samples : shifter.push(samples);
    if (shifted.length > 0) yield { sampleRateHz, samples: amplified(shifted, gain) };
  }
  const rest = shifter?.end();
  if (rest !== undefined && rest.length > 0) yield { sampleRateHz, samples: amplified(rest, gain) };
}

/** The first voice of those the stretch names that is there, else one of its language, else the one for the whole. */
function voiceOf(segment: SpeakingSegment, voices: readonly Voice[], whole: Voice): Voice {
  const named = segment.voices
    .map((name) => voices.find((each) => each.name === name))
    .find((each) => each !== undefined);
  if (named !== undefined) return named;
  const { language } = segment;
  if (language === undefined || primaryLanguage(language) === primaryLanguage(whole.language)) return whole;
  return voiceOfLanguage(voices, language) ?? whole;
}

function amplified(samples: Float32Array, gain: number): Float32Array {
  if (gain === 1) return samples;
  return samples.map((sample) => Math.min(1, Math.max(-1, sample * gain)));
}
