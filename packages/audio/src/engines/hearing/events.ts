/** What a stream tells its reader: the newest partial waits, those before it are forgotten; so nothing piles up. */
import type { StreamEvent, Transcript } from "../contracts.ts";

/** The events of one stream, for one reader. */
export class StreamEvents implements AsyncIterable<StreamEvent> {
  #partial: StreamEvent | undefined;
  #last: { readonly final?: StreamEvent; readonly error?: unknown } | undefined;
  #change = Promise.withResolvers<void>();

  partial(text: string, throughMs: number): void {
    if (this.#last !== undefined) return;
    this.#partial = { type: "partial", text, throughMs };
    this.#changed();
  }

  final(transcript: Transcript): void {
    this.#end({ final: { type: "final", transcript } });
  }

  fail(error: unknown): void {
    this.#end({ error });
  }

  /** Ends them without a final: nobody wants it. */
  stop(): void {
    this.#partial = undefined;
    this.#end({});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, undefined> {
    for (;;) {
      const partial = this.#partial;
      this.#partial = undefined;
      if (partial !== undefined) {
        yield partial;
      } else if (this.#last !== undefined) {
        if (this.#last.error !== undefined) throw this.#last.error;
        if (this.#last.final !== undefined) yield this.#last.final;
        return;
      } else {
        await this.#change.promise;
      }
    }
  }

  #end(last: { readonly final?: StreamEvent; readonly error?: unknown }): void {
    if (this.#last !== undefined) return;
    this.#last = last;
    this.#changed();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
