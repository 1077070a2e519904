/** The recent past of a live stream: what is needed to decode speech that is still going on. */
import { SPEECH_RATE_HZ } from "../format/pcm.ts";

const SAMPLES_PER_MS = SPEECH_RATE_HZ / 1000;

/** Keeps the last `windowMs` of a stream of mono audio at {@link SPEECH_RATE_HZ}, addressed by time from its start. */
export class Recorder {
  readonly #ring: Float32Array;
  #written = 0;

  constructor(windowMs: number) {
    this.#ring = new Float32Array(Math.ceil(windowMs * SAMPLES_PER_MS));
  }

  /** Milliseconds recorded since the start of the stream. */
  get endMs(): number {
    return this.#written / SAMPLES_PER_MS;
  }

  push(samples: Float32Array): void {
    const size = this.#ring.length;
    const tail = samples.length > size ? samples.subarray(samples.length - size) : samples;
    let at = (this.#written + samples.length - tail.length) % size;
    const first = Math.min(tail.length, size - at);
    this.#ring.set(tail.subarray(0, first), at);
    at = (at + first) % size;
    this.#ring.set(tail.subarray(first), at);
    this.#written += samples.length;
  }

  /** A copy of what was recorded between two moments, or as much of it as is still held. */
  between(startMs: number, endMs: number): Float32Array {
    const oldest = Math.max(0, this.#written - this.#ring.length);
    const held = (ms: number): number => Math.min(this.#written, Math.max(oldest, Math.round(ms * SAMPLES_PER_MS)));
    const start = held(startMs);
    const out = new Float32Array(Math.max(0, held(endMs) - start));
    const at = start % this.#ring.length;
    const first = Math.min(out.length, this.#ring.length - at);
    out.set(this.#ring.subarray(at, at + first), 0);
    out.set(this.#ring.subarray(0, out.length - first), first);
    return out;
  }
}
