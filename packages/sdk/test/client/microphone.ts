/** A microphone of which each sample tells where it is. */

/** Sound whose samples tell where they are: one in sixteen thousand a second. */
const soundAt = (from: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((from + i) % 30_000) / 32_767);
/** The places of so many samples. */
export const places = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
/** What came over the wire of it, as places. */
export const placesOf = (samples: Float32Array): number[] =>
  Array.from(samples, (sample) => Math.round(sample * 32_768));

/** A microphone that is told how much there is. */
export class Microphone {
  readonly #waiting: Float32Array[] = [];
  #at = 0;
  #wake: (() => void) | undefined;
  #hasEnded = false;

  give(samples: number): void {
    this.#waiting.push(soundAt(this.#at, samples));
    this.#at += samples;
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Float32Array> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#hasEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
