/** The house's one asynchronous queue. */
import { abortError } from "./abort.ts";

/** Options of {@link BoundedQueue}. */
export interface BoundedQueueOptions {
  /** Values held at most; a `push` beyond waits. At least 1. */
  readonly capacity: number;
  /** Ends the queue for both sides: waiting and later reads reject, waiting and later pushes resolve to false. */
  readonly signal?: AbortSignal | undefined;
  /** Completes "Cancelled while …" in the error of an abort. */
  readonly doing?: string | undefined;
}

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

type Ending = { readonly kind: "closed" } | { readonly kind: "failed"; readonly error: unknown };

/**
 * A first-in first-out queue between writers and one reader, never longer than `capacity`.
 *
 *     const queue = new BoundedQueue<Pcm>({ capacity: 8, signal });
 *     // writer:  if (!(await queue.push(block))) return;   // the reader went away
 *     //          queue.close();                            // or queue.fail(error)
 *     // reader:  for await (const block of queue) …        // leaving the loop tells the writers
 *
 * - `push` waits while full, in order, and resolves to false once nobody will read the value: no error for the writer
 *   to mistake for its own.
 * - `close` lets the reader have what is queued, then ends it; `fail` lets it have what is queued, then throws.
 *   What waiting pushes held counts as queued. The first of close, fail, abort and reader's return wins.
 * - abort and the reader's return drop what is queued at once.
 */
export class BoundedQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #capacity: number;
  readonly #signal: AbortSignal | undefined;
  readonly #doing: string;
  readonly #onAbort = (): void => this.#drop({ kind: "failed", error: this.#abortError() });
  /** Boxed: a value may itself be undefined. */
  #values: { readonly value: T }[] = [];
  #pushers: { readonly value: T; readonly done: (taken: boolean) => void }[] = [];
  #readers: Waiter<IteratorResult<T, undefined>>[] = [];
  #ending: Ending | undefined;

  constructor(options: BoundedQueueOptions) {
    if (!Number.isInteger(options.capacity) || options.capacity < 1) {
      throw new RangeError(`capacity must be a whole number of at least 1, not ${options.capacity}`);
    }
    this.#capacity = options.capacity;
    this.#signal = options.signal;
    this.#doing = options.doing ?? "waiting for a queue";
    if (this.#signal?.aborted === true) this.#onAbort();
    else this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Values queued and not yet read; at most `capacity`. */
  get size(): number {
    return this.#values.length;
  }

  /** True once no further value will be accepted. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Queues `value`, waiting while full. True: it is in the queue. False: the queue has ended, `value` is dropped. */
  push(value: T): Promise<boolean> {
    if (this.#ending !== undefined) return Promise.resolve(false);
    if (this.tryPush(value)) return Promise.resolve(true);
    return new Promise((done) => {
      this.#pushers.push({ value, done });
    });
  }

  /** Queues `value` if there is room now; false when full or ended. */
  tryPush(value: T): boolean {
    if (this.#ending !== undefined) return false;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return true;
    }
    if (this.#values.length >= this.#capacity || this.#pushers.length > 0) return false;
    this.#values.push({ value });
    return true;
  }

  /** No more values: the reader ends after those queued. */
  close(): void {
    this.#end({ kind: "closed" });
  }

  /** No more values: the reader gets those queued, then `error`. */
  fail(error: unknown): void {
    this.#end({ kind: "failed", error });
  }

  /** The next value. Reads wait in order. */
  next(): Promise<IteratorResult<T, undefined>> {
    const taken = this.#take();
    if (taken !== undefined) return Promise.resolve({ done: false, value: taken.value });
    if (this.#ending !== undefined) return this.#over();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  /** The reader wants no more: queued values are dropped, writers are told by `false`. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#drop({ kind: "closed" });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): { readonly value: T } | undefined {
    const taken = this.#values.shift();
    const pusher = this.#pushers.shift();
    if (pusher !== undefined) {
      this.#values.push({ value: pusher.value });
      pusher.done(true);
    }
    return taken;
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    // Values of waiting pushes were handed over before the end: they are delivered. Bounded by the writers there are.
    for (const pusher of this.#pushers.splice(0)) {
      this.#values.push({ value: pusher.value });
      pusher.done(true);
    }
    for (const reader of this.#readers.splice(0)) this.#over().then(reader.resolve, reader.reject);
  }

  #drop(ending: Ending): void {
    for (const pusher of this.#pushers.splice(0)) pusher.done(false);
    this.#values = [];
    this.#end(ending);
  }

  /** How a read after the last value ends: once with the error, then done. */
  #over(): Promise<IteratorResult<T, undefined>> {
    const ending = this.#ending;
    if (ending?.kind !== "failed") return Promise.resolve({ done: true, value: undefined });
    this.#ending = { kind: "closed" };
    return Promise.reject(ending.error);
  }

  #abortError(): unknown {
    return this.#signal === undefined ? undefined : abortError(this.#signal, this.#doing);
  }
}
