/**
 * Events of one running piece of work, waiting to be read. A WebSocket cannot be slowed from the reading end, so the
 * bound is a failure of that work instead of unbounded memory.
 */
import { ParleyError } from "../errors.ts";

/** Events that may wait unread; at ten audio frames a second this is many minutes of speech. */
const MAX_WAITING = 20_000;

/** A single-reader queue. */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  #items: { readonly value: T }[] = [];
  #head = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #onAbandon: () => void;

  /** `onAbandon` is called when the reader stops before the end. */
  constructor(onAbandon: () => void) {
    this.#onAbandon = onAbandon;
  }

  push(item: T): void {
    if (this.#ended) return;
    if (this.#items.length - this.#head >= MAX_WAITING) {
      this.fail(
        new ParleyError("protocol", "events were not read fast enough", { nextStep: "Read the events as they come." }),
      );
      this.#onAbandon();
      return;
    }
    this.#items.push({ value: item });
    this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Ends the queue with an error, which the reader meets after what was queued before it. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure = { error };
    this.end();
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      const item = this.#items[this.#head];
      if (item !== undefined) return { done: false, value: this.#taken(item.value) };
      if (this.#failure !== undefined) {
        const { error } = this.#failure;
        this.#failure = undefined;
        throw error;
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #taken(value: T): T {
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return value;
  }

  async return(): Promise<IteratorResult<T>> {
    if (!this.#ended) this.#onAbandon();
    this.#items = [];
    this.#head = 0;
    this.#failure = undefined;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
