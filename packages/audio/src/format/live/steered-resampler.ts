/** A rate conversion by almost 1 whose ratio may change at any time without a seam. */
import { sincFilters } from "../sinc.ts";

const ZERO_CROSSINGS = 16;
/** Between neighbouring filters values are interpolated: 256 keep what that adds below -90 dB (as 16-bit audio needs). */
const PHASES = 256;
/** Passes up to 0.94 of half the rate: speech at 16 kHz loses nothing below 7 kHz. */
const CUTOFF = 0.94;
const TAPS = 2 * ZERO_CROSSINGS;

const FILTERS = sincFilters(PHASES, ZERO_CROSSINGS, CUTOFF);
const NO_FILTER = new Float32Array(0);

/**
 * Reads a stream at positions that advance by `step` input samples per output sample, for steps within a few per cent
 * of 1 (a windowed sinc, interpolated between 256 phases; J. O. Smith, "Digital Audio Resampling"). The position is
 * continuous, so that a change of step bends the pitch and cannot click. Delays by 16 samples.
 */
export class SteeredResampler {
  /** Input from the first sample still needed on. Grows to what a push holds and no further. */
  #window = new Float32Array(4 * TAPS);
  #length = TAPS - 1;
  /** Where the next output lies between window[0] + ZERO_CROSSINGS - 1 and the sample after. */
  #position = 0;

  /** Output samples that can be computed at `step` from what was pushed. */
  available(step: number): number {
    const last = this.#length - TAPS - this.#position;
    return last < 0 ? 0 : Math.floor(last / step) + 1;
  }

  /** Input samples that are pushed and not yet passed by. */
  get pending(): number {
    return this.#length - (TAPS - 1) - this.#position;
  }

  push(samples: Float32Array): void {
    const passed = Math.min(Math.floor(this.#position), this.#length);
    const kept = this.#length - passed;
    if (kept + samples.length > this.#window.length) {
      const larger = new Float32Array(2 * (kept + samples.length));
      larger.set(this.#window.subarray(passed, this.#length));
      this.#window = larger;
    } else this.#window.copyWithin(0, passed, this.#length);
    this.#window.set(samples, kept);
    this.#length = kept + samples.length;
    this.#position -= passed;
  }

  /** Fills `target` at `step`; at most {@link available} samples may be asked for. */
  pull(target: Float32Array, step: number): void {
    let position = this.#position;
    for (let i = 0; i < target.length; i++) {
      const index = Math.floor(position);
      target[i] = this.#sampleAt(index, (position - index) * PHASES);
      position += step;
    }
    this.#position = position;
  }

  #sampleAt(start: number, phase: number): number {
    const lower = Math.floor(phase);
    const rest = phase - lower;
    const before = FILTERS[lower] ?? NO_FILTER;
    const after = FILTERS[lower + 1] ?? NO_FILTER;
    const window = this.#window;
    let low = 0;
    let high = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const sample = window[start + tap] ?? 0;
      low += (before[tap] ?? 0) * sample;
      high += (after[tap] ?? 0) * sample;
    }
    return low + rest * (high - low);
  }
}
