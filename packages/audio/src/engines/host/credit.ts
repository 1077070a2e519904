/** The two ends of a stream bounded by credit; used alike in parent and child. */
import { ProtocolBreach, WINDOW } from "./protocol.ts";

/** The sending end: counts the values that may still be sent. */
export class CreditGate {
  #credit = WINDOW;
  #ended = false;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when one value may be sent: true, or false when the stream has ended meanwhile. */
  async take(): Promise<boolean> {
    while (this.#credit === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    if (this.#ended) return false;
    this.#credit -= 1;
    return true;
  }

  /** The receiver has consumed `count` values. */
  grant(count: number): void {
    this.#credit += count;
    if (this.#credit > WINDOW) throw new ProtocolBreach("more credit than values sent");
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Lets all waiting senders go. */
  end(): void {
    this.#ended = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** What {@link CreditQueue} tells its owner. */
export interface CreditQueueEvents {
  /** `count` values were consumed: tell the sender. */
  onConsumed(count: number): void;
  /** The reader left before the end. */
  onAbandoned?(): void;
}

/**
 * The receiving end: at most {@link WINDOW} values wait here for one reader. Credit goes back in lots of half a window,
 * so that a steady stream costs one message per eight values.
 */
export class CreditQueue implements AsyncIterableIterator<unknown, undefined> {
  readonly #events: CreditQueueEvents;
  #values: unknown[] = [];
  #consumed = 0;
  #end: { readonly error?: unknown } | undefined;
  #waiting: PromiseWithResolvers<IteratorResult<unknown, undefined>> | undefined;

  constructor(events: CreditQueueEvents) {
    this.#events = events;
  }

  /** A value has arrived. @throws ProtocolBreach when the sender had no credit for it. */
  push(value: unknown): void {
    if (this.#end !== undefined) return;
    if (this.#waiting !== undefined) {
      this.#waiting.resolve({ done: false, value });
      this.#waiting = undefined;
      this.#count();
      return;
    }
    if (this.#values.length >= WINDOW) throw new ProtocolBreach("a value without credit");
    this.#values.push(value);
  }

  /** No more values. Those that wait are still read, then the reader sees the end. */
  end(): void {
    if (this.#end !== undefined) return;
    this.#end = {};
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** The reader sees `error`, after the values that wait unless `discard`. */
  fail(error: unknown, discard: boolean): void {
    if (this.#end !== undefined) return;
    if (discard) this.#values = [];
    this.#end = { error };
    if (this.#waiting === undefined) return;
    this.#end = {};
    this.#waiting.reject(error);
    this.#waiting = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#values.length > 0) {
      const value = this.#values.shift();
      this.#count();
      return { done: false, value };
    }
    if (this.#end !== undefined) {
      const { error } = this.#end;
      this.#end = {};
      if (error !== undefined) throw error;
      return { done: true, value: undefined };
    }
    if (this.#waiting !== undefined) throw new TypeError("a stream of a job has one reader");
    this.#waiting = Promise.withResolvers();
    return await this.#waiting.promise;
  }

  /** The reader leaves (a `break` out of `for await`). */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    const early = this.#end === undefined;
    this.#values = [];
    this.end();
    if (early) this.#events.onAbandoned?.();
    return { done: true, value: undefined };
  }

  #count(): void {
    this.#consumed += 1;
    if (this.#consumed < WINDOW / 2 || this.#end !== undefined) return;
    this.#events.onConsumed(this.#consumed);
    this.#consumed = 0;
  }
}
