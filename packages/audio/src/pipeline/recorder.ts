/** The recent past of a live stream: what is needed to decode speech that is still going on. */
import { SPEECH_RATE_HZ } from "../format/pcm.ts";

const SAMPLES_PER_MS = SPEECH_RATE_HZ / 1000;

/** One pushed chunk and where it stands in the stream. */
interface Piece {
  readonly start: number;
  readonly samples: Float32Array;
}

/** Keeps at least the last `windowMs` of a stream of mono audio at {@link SPEECH_RATE_HZ}, addressed by time from its start. */
export class Recorder {
  readonly #window: number;
  #pieces: Piece[] = [];
  #written = 0;

  constructor(windowMs: number) {
    this.#window = Math.ceil(windowMs * SAMPLES_PER_MS);
  }

  /** Milliseconds recorded since the start of the stream. */
  get endMs(): number {
    return this.#written / SAMPLES_PER_MS;
  }

  /** Keeps `samples`, which must not change afterwards. */
  push(samples: Float32Array): void {
    this.#pieces.push({ start: this.#written, samples });
    this.#written += samples.length;
    // Now and then, so that a piece is moved a few times at most.
    const oldest = this.#pieces[0]?.start ?? 0;
    if (this.#written - oldest > 2 * this.#window) {
      const from = this.#written - this.#window;
      this.#pieces = this.#pieces.filter((piece) => piece.start + piece.samples.length > from);
    }
  }

  /** A copy of what was recorded between two moments, or as much of it as is still held. */
  between(startMs: number, endMs: number): Float32Array {
    const oldest = this.#pieces[0]?.start ?? 0;
    const held = (ms: number): number => Math.min(this.#written, Math.max(oldest, Math.round(ms * SAMPLES_PER_MS)));
    const [start, end] = [held(startMs), held(endMs)];
    const out = new Float32Array(Math.max(0, end - start));
    for (const piece of this.#pieces) {
      const from = Math.max(start, piece.start);
      const to = Math.min(end, piece.start + piece.samples.length);
      if (from < to) out.set(piece.samples.subarray(from - piece.start, to - piece.start), from - start);
    }
    return out;
  }
}
