/** A microphone in real time, for tests and benches that talk with a whole peer. */
import { setTimeout as sleep } from "node:timers/promises";
import { SPEECH_RATE_HZ } from "@parley/audio";

const SAMPLES_PER_MS = SPEECH_RATE_HZ / 1000;

/** Sound on its way into the microphone. */
interface Saying {
  readonly samples: Float32Array;
  at: number;
  readonly over: PromiseWithResolvers<number>;
}

/** Hears what is said into it, mono at `SPEECH_RATE_HZ`, and silence in between. */
export class LiveMicrophone {
  /** The captured sound, as it is captured; for one reader. Late readers get what they missed at once. */
  readonly blocks: AsyncIterable<Float32Array>;
  readonly #blockMs: number;
  readonly #room: (samples: number) => Float32Array;
  readonly #waiting: Saying[] = [];
  #isOver = false;

  /**
   * @param options.blockMs how much a device hands over at once. Default 20
   * @param options.room what is heard while nobody speaks, a stretch of so many samples. Default silence
   */
  constructor(
    options: { readonly blockMs?: number; readonly room?: ((samples: number) => Float32Array) | undefined } = {},
  ) {
    this.#blockMs = options.blockMs ?? 20;
    this.#room = options.room ?? ((samples) => new Float32Array(samples));
    this.blocks = this.#capture();
  }

  /** Says `samples`, behind what is being said. Resolves when the last of them was captured, with when that was (`performance.now()`). */
  say(samples: Float32Array): Promise<number> {
    const over = Promise.withResolvers<number>();
    this.#waiting.push({ samples, at: 0, over });
    return over.promise;
  }

  /** It is switched off: nothing more is captured. */
  end(): void {
    this.#isOver = true;
  }

  async *#capture(): AsyncGenerator<Float32Array> {
    const startedMs = performance.now();
    for (let number = 1; !this.#isOver; number += 1) {
      const dueMs = startedMs + number * this.#blockMs;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      yield this.#block(dueMs);
    }
  }

  #block(endMs: number): Float32Array {
    const block = this.#room(this.#blockMs * SAMPLES_PER_MS);
    const saying = this.#waiting[0];
    if (saying === undefined) return block;
    const piece = saying.samples.subarray(saying.at, saying.at + block.length);
    for (const [n, sample] of piece.entries()) block[n] = (block[n] ?? 0) + sample;
    saying.at += block.length;
    if (saying.at >= saying.samples.length) {
      this.#waiting.shift();
      saying.over.resolve(endMs - (block.length - piece.length) / SAMPLES_PER_MS);
    }
    return block;
  }
}
