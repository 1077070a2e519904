/** The end of a stream that reads: an async iterable that gives the source credit as it is read. */
import { ActorError } from "../errors.ts";
import { baseOf, type Watcher } from "./base-ref.ts";
import { type Deadline, type DeadlineList, mustBeTimeout } from "./deadlines.ts";
import { Endpoint, isSinkMessage } from "./endpoint.ts";
import type { SinkMessage, StreamOpening, StreamOptions, StreamRef, Terminated } from "./ref.ts";
import { Ring } from "./ring.ts";
import type { Runtime } from "./runtime.ts";

const DEFAULT_WINDOW = 16;

interface Read<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Can be read once. Nothing is sent before the first read. */
export class StreamReader<Item> implements AsyncIterableIterator<Item, undefined>, Watcher, Deadline {
  readonly #runtime: Runtime;
  /** Of one that was opened before it was there. */
  #source: StreamRef<Item> | undefined;
  readonly #closed: () => void;
  readonly #window: number;
  readonly #idleTimeoutMs: number;
  readonly #sink: Endpoint<SinkMessage<Item>>;
  readonly #buffer = new Ring<Item>();
  #received = 0;
  #consumed = 0;
  #granted = 0;
  #isOpen = false;
  /** What comes after the buffered items; undefined while more may come. */
  #ending: { readonly error?: unknown } | undefined;
  /** The source has said itself that nothing more comes. */
  #isSourceOver = false;
  #read: Read<Item> | undefined;
  #unlisten: (() => void) | undefined;
  list: DeadlineList | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  dueMs = 0;

  /** @param closed called once, when nothing more will be read from the source */
  constructor(
    runtime: Runtime,
    source: StreamRef<Item> | undefined,
    options: StreamOptions | undefined,
    closed: () => void,
  ) {
    this.#runtime = runtime;
    this.#source = source;
    this.#closed = closed;
    this.#window = options?.window ?? DEFAULT_WINDOW;
    if (!Number.isSafeInteger(this.#window) || this.#window < 1) {
      throw new ActorError("bad-option", `a stream's window is a whole number above 0, not ${this.#window}`);
    }
    this.#idleTimeoutMs = mustBeTimeout(options?.idleTimeoutMs ?? runtime.streamIdleTimeoutMs, "idleTimeoutMs");
    this.#sink = new Endpoint(runtime, isSinkMessage, (message) => this.#take(message));
    const signal = options?.signal;
    if (signal === undefined) return;
    const cancel = (): void => this.#cancel(new ActorError("cancelled", "the reading of a stream was cancelled"));
    signal.addEventListener("abort", cancel, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", cancel);
    if (signal.aborted) cancel();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** For whoever will have the items; {@link attach} or {@link fail} follows. */
  opening(): StreamOpening<Item> {
    this.#isOpen = true;
    this.#granted = this.#window;
    return { sink: this.#sink, credit: this.#granted };
  }

  /** Where the items come from that come since it was opened. */
  attach(source: StreamRef<Item>): void {
    this.#source = source;
    if (this.#ending === undefined) {
      baseOf(source).watch(this);
      this.#replenish();
    } else if (!this.#isSourceOver) {
      source.tell({ type: "cancel" });
    }
  }

  /** There will be no source. */
  fail(error: unknown): void {
    this.#end(error);
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift();
      this.#consumed += 1;
      if (this.#ending === undefined) this.#replenish();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ending !== undefined) {
      const { error } = this.#ending;
      this.#ending = {};
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
    }
    if (this.#read !== undefined) {
      return Promise.reject(new ActorError("bad-option", "a stream is read one item at a time"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Item, undefined>>();
    this.#read = { resolve, reject };
    this.#runtime.deadlines.add(this, this.#idleTimeoutMs);
    if (!this.#isOpen) this.#open();
    return promise;
  }

  /** Cancels the stream at its source. */
  return(): Promise<IteratorResult<Item, undefined>> {
    this.#cancel(undefined);
    return Promise.resolve(DONE);
  }

  /** The owner's life is over. */
  close(): void {
    this.#cancel(new ActorError("actor-stopped", "the life that read this stream is over"));
  }

  /** Nothing came for too long. */
  expire(): void {
    this.#cancel(new ActorError("stream-timeout", `a stream was silent for ${this.#idleTimeoutMs} ms`));
  }

  /** The source is gone; had it ended in order, the end would have come first. */
  terminated({ reason, error }: Terminated): void {
    this.#end(new ActorError("stream-broken", `the source of a stream is gone: ${reason}`, { cause: error }));
  }

  #open(): void {
    this.#isOpen = true;
    this.#granted = this.#window;
    if (this.#source === undefined) return;
    const refused = this.#source.tell({ type: "open", sink: this.#sink, credit: this.#granted });
    if (refused !== undefined) this.#end(refused);
    else baseOf(this.#source).watch(this);
  }

  #replenish(): void {
    if (this.#source === undefined || this.#granted - this.#consumed > this.#window >> 1) return;
    const granted = this.#consumed + this.#window;
    const refused = this.#source.tell({ type: "credit", credit: granted });
    // A source that is gone: what it sent last, or the watch on it, tells how it ended.
    if (refused?.code !== "mailbox-full") this.#granted = granted;
    // The way there is full: that is tried again with each item, as long as there are any.
    else if (this.#buffer.length === 0 && this.#received === this.#granted) this.#end(refused);
  }

  #take(message: SinkMessage<Item>): void {
    switch (message.type) {
      case "item":
        this.#takeItem(message.sequence, message.item);
        break;
      case "end":
        this.#isSourceOver = true;
        this.#end(message.sequence === this.#received ? undefined : lost(this.#received, message.sequence));
        break;
      case "broken":
        this.#isSourceOver = true;
        this.#end(new ActorError("stream-broken", `a stream broke: ${message.reason}`));
        break;
    }
  }

  #takeItem(sequence: number, item: Item): void {
    if (sequence <= this.#received) return;
    if (sequence !== this.#received + 1) return this.#cancel(lost(this.#received, sequence));
    if (sequence > this.#granted) {
      return this.#cancel(new ActorError("stream-broken", "a stream sent more than it had credit for"));
    }
    this.#received = sequence;
    const read = this.#read;
    if (read === undefined) {
      this.#buffer.push(item);
      return;
    }
    this.#read = undefined;
    this.#runtime.deadlines.remove(this);
    this.#consumed += 1;
    this.#replenish();
    read.resolve({ done: false, value: item });
  }

  /** Ends it from this side: what is buffered is not wanted any more. */
  #cancel(error: ActorError | undefined): void {
    while (this.#buffer.length > 0) this.#buffer.shift();
    if (this.#ending !== undefined) return;
    // First, because a source on this host ends within the call below, and would be taken for broken.
    this.#end(error);
    // It may be gone already; then there is nothing to cancel.
    this.#source?.tell({ type: "cancel", reason: error?.code });
  }

  #end(error: unknown): void {
    if (this.#ending !== undefined) return;
    this.#runtime.deadlines.remove(this);
    this.#unlisten?.();
    if (this.#isOpen && this.#source !== undefined) baseOf(this.#source).unwatch(this);
    this.#sink.close();
    this.#closed();
    const read = this.#read;
    this.#read = undefined;
    this.#ending = read === undefined && error !== undefined ? { error } : {};
    if (error === undefined) read?.resolve(DONE);
    else read?.reject(error);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function lost(received: number, sequence: number): ActorError {
  return new ActorError("stream-broken", `a stream lost what lies between item ${received} and ${sequence}`);
}

/** A reader that is made when somebody wants to have it opened. */
export class OpenedOnce<Item> {
  readonly #make: () => StreamReader<Item>;
  #opening: StreamOpening<Item> | undefined;
  reader: StreamReader<Item> | undefined;

  constructor(make: () => StreamReader<Item>) {
    this.#make = make;
  }

  readonly open = (): StreamOpening<Item> => {
    this.reader ??= this.#make();
    return (this.#opening ??= this.reader.opening());
  };
}

/** Asks for a stream on the first read, and reads it. */
export class AskedStream<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #ask: () => Promise<StreamReader<Item>>;
  #reader: Promise<StreamReader<Item>> | undefined;
  #isOver = false;

  constructor(ask: () => Promise<StreamReader<Item>>) {
    this.#ask = ask;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#isOver) return DONE;
    const reader = await (this.#reader ??= this.#ask());
    return reader.next();
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#isOver = true;
    if (this.#reader === undefined) return DONE;
    return (await this.#reader).return();
  }
}
