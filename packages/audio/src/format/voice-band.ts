/**
 * How loud a sound is where voices are: what rumbles below them and hisses above them is most of the noise of rooms, and comes and
 * goes without anybody having spoken.
 */
import { level } from "./level.ts";

/** Factors of a high pass of 450 Hz and of a low pass of 3.8 kHz, first order each, at `SPEECH_RATE_HZ`. */
const HIGH_PASS = 0.85;
const LOW_PASS = 0.6;

/** Samples that {@link voiceBandDbfs} wants before what is looked at: by then the filters have forgotten where they began. */
export const VOICE_BAND_LEAD = 64;

/** Level of the `count` last of `samples`, mono at `SPEECH_RATE_HZ`, between 450 Hz and 3.8 kHz, dBFS. */
export function voiceBandDbfs(samples: Float32Array, count: number): number {
  const first = samples.length - count;
  const band = new Float32Array(count);
  let [low, before, high] = [0, 0, 0];
  for (const [n, sample] of samples.entries()) {
    low += LOW_PASS * (sample - low);
    high = HIGH_PASS * (high + low - before);
    before = low;
    if (n >= first) band[n - first] = high;
  }
  return level(band).rmsDbfs;
}
