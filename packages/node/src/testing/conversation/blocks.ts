/** A microphone in simulated time. */

/** The blocks that are handed to it, as they come; for one reader. */
export class Blocks implements AsyncIterable<Float32Array> {
  readonly #waiting: Float32Array[] = [];
  #more = Promise.withResolvers<void>();
  #isOver = false;

  push(block: Float32Array): void {
    this.#waiting.push(block);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Float32Array> {
    for (;;) {
      const block = this.#waiting.shift();
      if (block !== undefined) yield block;
      else if (this.#isOver) return;
      else await this.#more.promise;
    }
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}
