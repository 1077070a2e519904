/** A language of tones: each word is a tone of its own, so that what was heard can be told from what was said, word by word. */
import { SPEECH_RATE_HZ } from "../format/pcm.ts";

const WORD_MS = 120;
const GAP_MS = 40;
const FIRST_HZ = 300;
const STEP_HZ = 100;
/** Higher tones do not fit below half the sample rate. */
const MOST_WORDS = 72;
const AMPLITUDE = 0.3;
const WINDOW_SAMPLES = SPEECH_RATE_HZ / 50;
/** Mean square of a window below which it is silent. */
const ENERGY = 1e-4;
/** Shorter tones are no words: what was left of one that was cut. */
const LEAST_WINDOWS = 3;

/** How long one word takes, with the gap behind it, in milliseconds. */
export const TONE_WORD_MS = WORD_MS + GAP_MS;

/** `text` in tones, mono at `SPEECH_RATE_HZ`. @throws RangeError for a word that is not among `words` */
export function spokenInTones(text: string, words: readonly string[]): Float32Array {
  const said = text.split(" ").filter((word) => word !== "");
  const [wordSamples, gapSamples] = [samplesOf(WORD_MS), samplesOf(GAP_MS)];
  const sound = new Float32Array(said.length * (wordSamples + gapSamples));
  for (const [n, word] of said.entries()) {
    const number = words.indexOf(word);
    if (number < 0 || number >= MOST_WORDS) throw new RangeError(`${word} is no word of this language`);
    const step = (2 * Math.PI * toneHz(number)) / SPEECH_RATE_HZ;
    const from = n * (wordSamples + gapSamples);
    for (let i = 0; i < wordSamples; i += 1) sound[from + i] = AMPLITUDE * Math.sin(step * i);
  }
  return sound;
}

/** The words that are heard in `samples`. */
export function heardInTones(samples: Float32Array, words: readonly string[]): string {
  const heard: string[] = [];
  let [current, length]: [number | undefined, number] = [undefined, 0];
  for (let at = 0; at <= samples.length; at += WINDOW_SAMPLES) {
    const tone = toneIn(samples.subarray(at, at + WINDOW_SAMPLES), Math.min(words.length, MOST_WORDS));
    if (tone === current) {
      length += 1;
      continue;
    }
    const word = current === undefined ? undefined : words[current];
    if (word !== undefined && length >= LEAST_WINDOWS) heard.push(word);
    [current, length] = [tone, 1];
  }
  return heard.join(" ");
}

/** The number of the loudest tone of a window; undefined where it is silent. */
function toneIn(window: Float32Array, count: number): number | undefined {
  const energy = window.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW_SAMPLES;
  if (energy < ENERGY) return undefined;
  let [loudest, most] = [0, -1];
  for (let number = 0; number < count; number += 1) {
    const power = powerAt(window, toneHz(number));
    if (power > most) [loudest, most] = [number, power];
  }
  return loudest;
}

/** Power at one frequency: Goertzel, "An algorithm for the evaluation of finite trigonometric series" (1958). */
function powerAt(window: Float32Array, hz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / SPEECH_RATE_HZ);
  let [one, two] = [0, 0];
  for (const sample of window) [one, two] = [sample + turn * one - two, one];
  return one * one + two * two - turn * one * two;
}

function toneHz(number: number): number {
  return FIRST_HZ + number * STEP_HZ;
}

function samplesOf(ms: number): number {
  return (ms * SPEECH_RATE_HZ) / 1000;
}
