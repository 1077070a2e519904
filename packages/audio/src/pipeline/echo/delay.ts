/**
 * How much later than it is played our own voice is heard, and whether that has changed: another loudspeaker, a buffer that
 * filled. A canceller that has learned one way leaves much of a voice that comes another, and takes a second to learn it.
 *
 * The generalised cross-correlation of microphone and reference (Knapp and Carter, IEEE Trans. ASSP 24, 1976), at half the rate,
 * nearly whitened: where somebody speaks, or nobody, it has no peak, and nothing is said.
 */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { Fft } from "./fft.ts";

const RATE_HZ = SPEECH_RATE_HZ / 2;
const SIZE = 8192;
/** Looked at: the last 256 ms of the microphone, */
const WINDOW = 2048;
/** in a reference that began 512 ms before, the longest delay. */
const HISTORY = SIZE - WINDOW;
const LONGEST = HISTORY - WINDOW;
/** So often. */
const EVERY_MS = 50;
/** Exponent of the whitening: all of it would make noise as important as voice. */
const WHITENING = 0.8;
/** Where loudspeakers and voices are. */
const BAND_HZ = [200, 3600] as const;
/** So far above the mean (rms) of all delays stands an echo; what is none stays below the half of it. */
const PEAK = 22;
/** Peaks so close are the same. */
const SAME = RATE_HZ / 500;
/** The old way is gone when so little of the new one's peak is left there: a reflection that outgrows another is no new way. */
const GONE = 0.35;
/** Looks in a row that have to find the new one. */
const SURE = 2;

/** One microphone and one loudspeaker. */
export class EchoDelay {
  readonly #fft = new Fft(SIZE);
  readonly #window = Float64Array.from(
    { length: WINDOW },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / WINDOW),
  );
  readonly #microphone = new Float64Array(WINDOW);
  readonly #reference = new Float64Array(HISTORY);
  #sinceMs = 0;
  #delay: number | undefined;
  #candidate: number | undefined;
  #seen = 0;
  #doubts = false;

  /** What was found last, in milliseconds. */
  get delayMs(): number | undefined {
    return this.#delay === undefined ? undefined : (1000 * this.#delay) / RATE_HZ;
  }

  /** The last look found another way than the known one, and one look is not enough. */
  get doubts(): boolean {
    return this.#doubts;
  }

  /**
   * The next samples of both at `SPEECH_RATE_HZ`, an even number of them, in step; whether the echo comes another way from now
   * on. `isPlaying`: something of ours can be heard; otherwise nothing is looked for.
   */
  push(reference: Float32Array, microphone: Float32Array, isPlaying: boolean): boolean {
    append(this.#reference, reference);
    append(this.#microphone, microphone);
    this.#sinceMs += (1000 * reference.length) / SPEECH_RATE_HZ;
    if (!isPlaying || this.#sinceMs < EVERY_MS) return false;
    this.#sinceMs = 0;
    return this.#look();
  }

  #look(): boolean {
    const correlation = this.#correlation();
    const found = peakOf(correlation);
    this.#doubts = false;
    if (found === undefined) return false;
    if (this.#delay !== undefined && strongest(correlation, this.#delay) >= GONE * found.height) {
      this.#candidate = undefined;
      return false;
    }
    const isSame = this.#candidate !== undefined && Math.abs(found.at - this.#candidate) <= SAME;
    this.#seen = isSame ? this.#seen + 1 : 1;
    this.#candidate = found.at;
    if (this.#seen < SURE) {
      this.#doubts = this.#delay !== undefined;
      return false;
    }
    const isChange = this.#delay !== undefined;
    this.#delay = found.at;
    this.#candidate = undefined;
    return isChange;
  }

  /** How alike both are at each delay, in samples; of any scale. */
  #correlation(): Float64Array {
    const real = new Float64Array(SIZE);
    const imaginary = new Float64Array(SIZE);
    // Two real signals in one transform: the reference in the real part, the microphone in the imaginary one.
    real.set(this.#reference);
    for (let n = 0; n < WINDOW; n += 1) imaginary[n] = (this.#microphone[n] ?? 0) * (this.#window[n] ?? 0);
    this.#fft.transform(real, imaginary);
    const crossRe = new Float64Array(SIZE);
    const crossIm = new Float64Array(SIZE);
    const [lowest, highest] = BAND_HZ.map((hz) => Math.round((hz * SIZE) / RATE_HZ));
    for (let n = lowest ?? 0; n < (highest ?? 0); n += 1) {
      const m = SIZE - n;
      const [a, b, c, d] = [real[n] ?? 0, imaginary[n] ?? 0, real[m] ?? 0, imaginary[m] ?? 0];
      const [refRe, refIm, micRe, micIm] = [(a + c) / 2, (b - d) / 2, (b + d) / 2, (c - a) / 2];
      const [re, im] = [refRe * micRe + refIm * micIm, refIm * micRe - refRe * micIm];
      const length = Math.hypot(re, im);
      if (length === 0) continue;
      const weight = length ** -WHITENING;
      crossRe[n] = re * weight;
      crossIm[n] = im * weight;
      crossRe[m] = re * weight;
      crossIm[m] = -im * weight;
    }
    this.#fft.transform(crossIm, crossRe);
    // A lag of all there is means no delay.
    return Float64Array.from({ length: LONGEST + 1 }, (_, delay) => Math.abs(crossRe[LONGEST - delay] ?? 0));
  }
}

/** The delay that stands out of all others. */
function peakOf(correlation: Float64Array): { readonly at: number; readonly height: number } | undefined {
  let [at, height, sum] = [0, 0, 0];
  for (const [delay, value] of correlation.entries()) {
    sum += value * value;
    if (value > height) [at, height] = [delay, value];
  }
  return height > PEAK * Math.sqrt(sum / correlation.length) ? { at, height } : undefined;
}

/** The highest around a delay. */
function strongest(correlation: Float64Array, delay: number): number {
  return correlation
    .subarray(Math.max(0, delay - SAME), delay + SAME + 1)
    .reduce((most, value) => Math.max(most, value), 0);
}

/** `samples` at half the rate behind what is there; the oldest give way. */
function append(kept: Float64Array, samples: Float32Array): void {
  const count = samples.length / 2;
  kept.copyWithin(0, count);
  for (let n = 0; n < count; n += 1) {
    kept[kept.length - count + n] = (samples[2 * n] ?? 0) + (samples[2 * n + 1] ?? 0);
  }
}
