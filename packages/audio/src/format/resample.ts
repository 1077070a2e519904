/**
 * Changing the sample rate of a stream: polyphase windowed sinc (J. O. Smith, "Digital Audio Resampling"; Kaiser window).
 *
 * Our own, because libsamplerate's JavaScript build offers no end of input: the last samples of every stream stay inside
 * (19 of 16,000 for 44.1 kHz to 16 kHz), and one second must come out as one second.
 */
import { AudioError } from "../errors.ts";
import { SPEECH_RATE_HZ } from "./pcm.ts";
import type { Pcm } from "./pcm.ts";
import { sincFilters } from "./sinc.ts";

/** Zero crossings of the sinc on each side: the transition band is 12 % of the narrower Nyquist band. */
const ZERO_CROSSINGS = 48;
/** Middle of the transition band, so that it ends at the Nyquist frequency: no aliasing above the stop band's -90 dB. */
const CUTOFF = 0.94;
/** Up to here every phase has its own filter; ratios with more (44,099 to 16,000 Hz) interpolate between this many. */
const MAX_PHASES = 1024;
const MAX_RATE_HZ = 768_000;

/** A running rate conversion. */
export interface Resampler {
  /** Takes samples in blocks of any size; gives what can be computed by now. */
  push(samples: Float32Array): Float32Array;
  /** The rest. In total `ceil(n x to / from)` samples for n pushed, whatever the blocks. The resampler is spent. */
  end(): Float32Array;
}

/** Converts mono samples from `fromHz` to `toHz`, whole numbers from 1 to 768,000. */
export function createResampler(fromHz: number, toHz: number): Resampler {
  for (const rateHz of [fromHz, toHz]) {
    if (!Number.isInteger(rateHz) || rateHz < 1 || rateHz > MAX_RATE_HZ) {
      throw new RangeError(`a sample rate must be a whole number from 1 to ${MAX_RATE_HZ} Hz, not ${rateHz}`);
    }
  }
  if (fromHz === toHz) return { push: (samples) => samples.slice(), end: () => new Float32Array(0) };
  return new PolyphaseResampler(fromHz, toHz);
}

class PolyphaseResampler implements Resampler {
  /** Output sample n lies at input position n x step / phases, exactly. */
  readonly #phases: number;
  readonly #step: number;
  readonly #half: number;
  readonly #filters: readonly Float32Array[];
  /** Input from `#base` on, as far as it is still needed. Before the first sample there is silence. */
  #history: Float32Array;
  #base: number;
  #received = 0;
  #produced = 0;

  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#phases = toHz / divisor;
    this.#step = fromHz / divisor;
    const scale = Math.min(1, toHz / fromHz);
    this.#half = Math.ceil(ZERO_CROSSINGS / scale);
    this.#filters = sincFilters(Math.min(this.#phases, MAX_PHASES), this.#half, scale * CUTOFF);
    this.#history = new Float32Array(this.#half);
    this.#base = -this.#half;
  }

  push(samples: Float32Array): Float32Array {
    this.#received += samples.length;
    this.#append(samples);
    return this.#produce(Number.POSITIVE_INFINITY);
  }

  end(): Float32Array {
    const total = Math.ceil((this.#received * this.#phases) / this.#step);
    this.#append(new Float32Array(2 * this.#half));
    return this.#produce(total);
  }

  #append(samples: Float32Array): void {
    const next = Math.floor((this.#produced * this.#step) / this.#phases) - this.#half;
    const unneeded = Math.min(this.#history.length, Math.max(0, next - this.#base));
    const joined = new Float32Array(this.#history.length - unneeded + samples.length);
    joined.set(this.#history.subarray(unneeded));
    joined.set(samples, this.#history.length - unneeded);
    this.#history = joined;
    this.#base += unneeded;
  }

  #produce(total: number): Float32Array {
    const known = this.#base + this.#history.length - this.#half;
    const computable = Math.max(0, Math.ceil((known * this.#phases) / this.#step));
    const output = new Float32Array(Math.max(0, Math.min(computable, total) - this.#produced));
    for (let i = 0; i < output.length; i++) output[i] = this.#sampleAt(this.#produced + i);
    this.#produced += output.length;
    return output;
  }

  #sampleAt(n: number): number {
    const scaled = n * this.#step;
    const index = Math.floor(scaled / this.#phases);
    const phase = ((scaled - index * this.#phases) / this.#phases) * (this.#filters.length - 1);
    const lower = Math.floor(phase + 1e-9);
    const start = index - this.#half + 1 - this.#base;
    const sum = this.#convolve(start, lower);
    const rest = phase - lower;
    if (rest < 1e-6) return sum;
    return sum + rest * (this.#convolve(start, lower + 1) - sum);
  }

  #convolve(start: number, phase: number): number {
    const filter = this.#filters[phase] ?? new Float32Array(0);
    const history = this.#history;
    let sum = 0;
    for (let tap = 0; tap < filter.length; tap++) sum += (filter[tap] ?? 0) * (history[start + tap] ?? 0);
    return sum;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** All of `pcm` at another rate. */
export function resamplePcm(pcm: Pcm, toHz: number): Pcm {
  const resampler = createResampler(pcm.sampleRateHz, toHz);
  const head = resampler.push(pcm.samples);
  const tail = resampler.end();
  const samples = new Float32Array(head.length + tail.length);
  samples.set(head);
  samples.set(tail, head.length);
  return { sampleRateHz: toHz, samples };
}

/**
 * A stream at another rate, in blocks as they can be computed.
 * @throws AudioError `input-refused` when the blocks of `pcm` do not all have one rate.
 */
export async function* resample(pcm: AsyncIterable<Pcm>, toHz: number): AsyncGenerator<Float32Array, void, undefined> {
  let resampler: Resampler | undefined;
  let fromHz = 0;
  for await (const block of pcm) {
    if (resampler === undefined) {
      fromHz = block.sampleRateHz;
      resampler = createResampler(fromHz, toHz);
    }
    if (block.sampleRateHz !== fromHz) {
      throw new AudioError(
        "input-refused",
        `The sound changed from ${fromHz} to ${block.sampleRateHz} Hz on its way.`,
        {
          nextStep: "Send one stream per sample rate.",
        },
      );
    }
    const out = resampler.push(block.samples);
    if (out.length > 0) yield out;
  }
  const rest = resampler?.end();
  if (rest !== undefined && rest.length > 0) yield rest;
}

/** A stream as recognisers want it: mono samples at {@link SPEECH_RATE_HZ}. Errors of `pcm` come through after its samples. */
export function toSpeech(pcm: AsyncIterable<Pcm>): AsyncIterable<Float32Array> {
  return resample(pcm, SPEECH_RATE_HZ);
}
