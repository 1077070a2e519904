/** Samples that wait to be played: bounded, taken in any size. */

/** A queue of samples between who makes sound and the device. */
export class Tray {
  readonly #capacity: number;
  #blocks: Float32Array[] = [];
  #offset = 0;
  #length = 0;
  #waiting: (() => void)[] = [];

  /** `capacity` in samples; a block that finds room before it may exceed it. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** Resolves when there is room again, at once when there is. Who calls puts right after. */
  async room(): Promise<void> {
    while (this.#length >= this.#capacity) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  put(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#blocks.push(samples);
    this.#length += samples.length;
  }

  /** Fills `target` from its start with what there is; how much that was. */
  take(target: Float32Array): number {
    let taken = 0;
    for (let block = this.#blocks[0]; block !== undefined && taken < target.length; block = this.#blocks[0]) {
      const piece = block.subarray(this.#offset, this.#offset + target.length - taken);
      target.set(piece, taken);
      taken += piece.length;
      this.#offset += piece.length;
      if (this.#offset < block.length) break;
      this.#blocks.shift();
      this.#offset = 0;
    }
    this.#length -= taken;
    this.#wake();
    return taken;
  }

  /** Lets go of all but the next `samples`. */
  keep(samples: number): void {
    const kept = new Float32Array(Math.min(samples, this.#length));
    this.take(kept);
    this.#blocks = kept.length === 0 ? [] : [kept];
    this.#offset = 0;
    this.#length = kept.length;
    this.#wake();
  }

  #wake(): void {
    if (this.#length >= this.#capacity) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
