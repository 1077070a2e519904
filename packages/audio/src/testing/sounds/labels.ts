/** Where speech is in a clean recording, by its level alone, and how well something else found it. */
import { rms } from "./mix.ts";

/** Below the loudest tenth of all frames by this much is no speech. */
const RANGE_DB = 30;
/** Digital silence and the hiss of a good recording are never speech. */
const FLOOR = 10 ** (-60 / 20);

/**
 * One label for each whole frame of `frameSamples` of a clean recording. A frame is speech when its level is within 30 dB
 * of the 90th percentile of all frames and above -60 dBFS (in a recording whose room is louder, that is the room: take a
 * synthesised voice); pauses shorter than `bridgeMs` inside speech count as speech
 * (the closures of t, p and k, and what the silence timeout bridges), islands shorter than 60 ms do not.
 */
export function speechLabels(clean: Float32Array, frameSamples: number, bridgeMs: number): boolean[] {
  const levels: number[] = [];
  for (let at = 0; at + frameSamples <= clean.length; at += frameSamples) {
    levels.push(rms(clean.subarray(at, at + frameSamples)));
  }
  const loud = levels.toSorted((a, b) => a - b)[Math.floor(levels.length * 0.9)] ?? 0;
  const least = Math.max(FLOOR, loud * 10 ** (-RANGE_DB / 20));
  const frameMs = frameSamples / 16;
  const bare = levels.map((level) => level >= least);
  return without(without(bare, true, 60 / frameMs), false, bridgeMs / frameMs);
}

/** `labels` with every run of `value` that is shorter than `frames`, and not at either end, turned over. */
function without(labels: readonly boolean[], value: boolean, frames: number): boolean[] {
  const out = [...labels];
  for (let from = 0; from < out.length;) {
    let to = from;
    while (to < out.length && out[to] === out[from]) to += 1;
    const inside = value || (from > 0 && to < out.length);
    if (out[from] === value && inside && to - from < frames) out.fill(!value, from, to);
    from = to;
  }
  return out;
}

/** How well frames were found. */
export interface Found {
  readonly precision: number;
  readonly recall: number;
  /** The harmonic mean of the two. */
  readonly f1: number;
}

/** `found` against `labels`, frame by frame; as many as both have. */
export function scoreFrames(found: readonly boolean[], labels: readonly boolean[]): Found {
  let [both, extra, missed] = [0, 0, 0];
  for (let n = 0; n < Math.min(found.length, labels.length); n += 1) {
    if (found[n] === true && labels[n] === true) both += 1;
    else if (found[n] === true) extra += 1;
    else if (labels[n] === true) missed += 1;
  }
  const precision = both / (both + extra || 1);
  const recall = both / (both + missed || 1);
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall || 1) };
}
