/** Engines that do what a test wrote down, in this process: for the order of things, not for their sound. */
import type { SpeechToText, TextToSpeech, VoiceFrames } from "../../src/engines/index.ts";
import { SPEECH_RATE_HZ } from "../../src/index.ts";
import type { SpeechOptions } from "../../src/turn/speech/index.ts";

const MS = SPEECH_RATE_HZ / 1000;

/** `ms` of a steady level. */
export function block(ms: number, value: number): Float32Array {
  return new Float32Array(ms * MS).fill(value);
}

/** Blocks of 100 ms: speech where the script has a letter, silence where it has a dot. */
export async function* recording(script: string): AsyncGenerator<Float32Array> {
  for (const sign of script) yield block(100, sign === "." ? 0 : sign.charCodeAt(0) / 1000);
}

/** Sure of a voice wherever the level is not zero; a frame for each chunk of a {@link recording}. */
export const levelVad: VoiceFrames = {
  id: "level",
  frameMs: 100,
  async *frames(audio) {
    let atMs = 0;
    for await (const chunk of audio) {
      yield { atMs, probability: chunk[0] === 0 ? 0 : 1 };
      atMs += chunk.length / MS;
    }
  },
};

/** Speech begins and ends exactly where the script says. */
export const TO_THE_LETTER: SpeechOptions = { silenceTimeoutMs: 100, minSpeechMs: 100, leadMs: 0, tailMs: 0 };

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
