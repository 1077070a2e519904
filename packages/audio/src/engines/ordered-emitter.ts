/** Streams out what a native library hands to a synchronous callback. */
import type { JobIo } from "./module.ts";

/**
 * Emits values in the order given, without making the giver wait. What waits here is bounded by what one native call
 * can produce, so {@link OrderedEmitter.flush} belongs behind every such call.
 */
export class OrderedEmitter {
  readonly #io: JobIo;
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(io: JobIo) {
    this.#io = io;
  }

  send(value: unknown): void {
    this.#sending = this.#sending
      .then(() => (this.#failure === undefined ? this.#io.emit(value) : undefined))
      .catch((error: unknown) => {
        this.#failure = { error };
      });
  }

  /** Resolves when all was sent. @throws what `emit` threw: the job was cancelled. */
  async flush(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
