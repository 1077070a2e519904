/** Engines that do what a test wrote down, in this process: for the order of things, not for their sound. */
import type { SpeechToText, TextToSpeech, VoiceActivity } from "../../src/engines/index.ts";
import { SPEECH_RATE_HZ } from "../../src/index.ts";

const MS = SPEECH_RATE_HZ / 1000;

/** `ms` of a steady level. */
export function block(ms: number, value: number): Float32Array {
  return new Float32Array(ms * MS).fill(value);
}

/** Blocks of 100 ms: speech where the script has a letter, silence where it has a dot. */
export async function* recording(script: string): AsyncGenerator<Float32Array> {
  for (const sign of script) yield block(100, sign === "." ? 0 : sign.charCodeAt(0) / 1000);
}

/** Speech begins and ends where the level crosses zero. */
export const levelVad: VoiceActivity = {
  id: "level",
  async *detect(audio) {
    let atMs = 0;
    let startMs: number | undefined;
    for await (const chunk of audio) {
      const loud = chunk[0] !== 0;
      if (loud && startMs === undefined) {
        startMs = atMs;
        yield { type: "speech-start", atMs };
      }
      if (!loud && startMs !== undefined) {
        yield { type: "speech-end", startMs, endMs: atMs, silenceMs: 0 };
        startMs = undefined;
      }
      atMs += chunk.length / MS;
    }
    if (startMs !== undefined) yield { type: "speech-end", startMs, endMs: atMs, silenceMs: 0 };
  },
};

/** Hears the script again: one letter for each 100 ms. `calls` counts, `fail` may throw. */
export function spellingStt(hooks: { readonly onCall?: (text: string) => void | Promise<void> } = {}): SpeechToText {
  return {
    id: "spelling",
    languages: ["en"],
    async transcribe(samples, { signal } = {}) {
      signal?.throwIfAborted();
      let text = "";
      for (let at = 0; at < samples.length; at += 100 * MS) {
        if (samples[at] !== 0) text += String.fromCharCode(Math.round((samples[at] ?? 0) * 1000));
      }
      await hooks.onCall?.(text);
      return { text: text.replaceAll("_", " "), language: "en", realTimeFactor: 0 };
    },
  };
}

/** One block a sentence, as long as its text. */
export function countingTts(hooks: { readonly onCall?: (text: string) => void | Promise<void> } = {}): TextToSpeech {
  return {
    id: "counting",
    sampleRateHz: 8000,
    voices: [{ name: "plain", language: "en" }],
    async *synthesize(text, { signal } = {}) {
      signal?.throwIfAborted();
      await hooks.onCall?.(text);
      yield { sampleRateHz: 8000, samples: new Float32Array(text.length) };
    },
  };
}

/** All values of `source`. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of source) values.push(value);
  return values;
}
