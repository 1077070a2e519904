/** The end of a stream that has the items. Takes an item from them only when the reader has given credit for it. */
import { textOf } from "../errors.ts";
import { baseOf } from "./base-ref.ts";
import { type Deadline, type DeadlineList, mustBeTimeout } from "./deadlines.ts";
import { Endpoint, isSourceMessage } from "./endpoint.ts";
import type { ActorRef, OfferedStreamOptions, SinkMessage, SourceMessage } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

export class StreamSource<Item> extends Endpoint<SourceMessage<Item>> implements Deadline {
  readonly #items: AsyncIterator<Item> | Iterator<Item>;
  readonly #closed: () => void;
  #sink: ActorRef<SinkMessage<Item>> | undefined;
  #credit = 0;
  #sent = 0;
  #isPumping = false;
  #isOver = false;
  #unlisten: (() => void) | undefined;
  list: DeadlineList | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  dueMs = 0;

  /** @param closed called once, when nothing more will come */
  constructor(
    runtime: Runtime,
    items: AsyncIterable<Item> | Iterable<Item>,
    options: OfferedStreamOptions<Item> | undefined,
    closed: () => void,
  ) {
    super(runtime, isSourceMessage, (message) => this.#take(message));
    const idleTimeoutMs = mustBeTimeout(options?.idleTimeoutMs ?? runtime.streamIdleTimeoutMs, "idleTimeoutMs");
    this.#items = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    this.#closed = closed;
    // A stream that nobody opens is given up.
    runtime.deadlines.add(this, idleTimeoutMs);
    if (options?.signal !== undefined) this.#listenTo(options.signal);
    if (options?.opening !== undefined && !this.#isOver) this.#open(options.opening.sink, options.opening.credit);
  }

  #listenTo(signal: AbortSignal): void {
    const cancel = (): void => this.#break("it was cancelled at its source");
    signal.addEventListener("abort", cancel, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", cancel);
    if (signal.aborted) cancel();
  }

  expire(): void {
    this.close();
  }

  /** The owner's life is over. */
  override close(): void {
    this.#break("its source has stopped");
  }

  /** The reader's end is gone. */
  terminated(): void {
    this.#finish();
  }

  #take(message: SourceMessage<Item>): void {
    switch (message.type) {
      case "open":
        this.#open(message.sink, message.credit);
        break;
      case "credit":
        this.#grant(message.credit);
        break;
      case "cancel":
        this.#finish();
        break;
    }
  }

  #open(sink: ActorRef<SinkMessage<Item>>, credit: number): void {
    if (this.#sink !== undefined) {
      if (!this.#sink.equals(sink)) sink.tell({ type: "broken", reason: "somebody else reads it" });
      return;
    }
    this.#sink = sink;
    this.runtime.deadlines.remove(this);
    baseOf(sink).watch(this);
    this.#grant(credit);
  }

  #grant(credit: number): void {
    if (!(credit > this.#credit)) return;
    this.#credit = credit;
    if (!this.#isPumping && this.#sink !== undefined) void this.#pump(this.#sink);
  }

  /** Never rejects. */
  async #pump(sink: ActorRef<SinkMessage<Item>>): Promise<void> {
    this.#isPumping = true;
    try {
      while (!this.#isOver && this.#sent < this.#credit) {
        const result = await this.#items.next();
        if (this.#isOver) return;
        if (result.done === true) {
          sink.tell({ type: "end", sequence: this.#sent });
          this.#isOver = true;
          this.#dispose();
          return;
        }
        this.#sent += 1;
        const refused = sink.tell({ type: "item", sequence: this.#sent, item: result.value });
        if (refused !== undefined) this.#break(refused.message);
      }
    } catch (error) {
      // Its iterator has failed, and needs no more closing.
      if (!this.#isOver) {
        this.#isOver = true;
        sink.tell({ type: "broken", reason: textOf(error) });
        this.#dispose();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #break(reason: string): void {
    if (this.#isOver) return;
    this.#sink?.tell({ type: "broken", reason });
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dispose();
    void this.#closeItems();
  }

  /** An iterator that is asked to end may fail at it; the reader is gone by then, so the log hears of it. */
  async #closeItems(): Promise<void> {
    try {
      await this.#items.return?.();
    } catch (error) {
      this.runtime.log.warn("a stream's source failed while it was closed", { error });
    }
  }

  #dispose(): void {
    this.runtime.deadlines.remove(this);
    this.#unlisten?.();
    if (this.#sink !== undefined) baseOf(this.#sink).unwatch(this);
    super.close();
    this.#closed();
  }
}
