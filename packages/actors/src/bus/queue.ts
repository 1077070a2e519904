/** What waits for one subscriber, and its way there. */
import { type Overflow, OVERFLOWS } from "../core/mailbox-options.ts";
import type { ActorLog, Clock } from "../core/ports.ts";
import { Ring } from "../core/ring.ts";
import { ActorError, isActorError, mustBeOneOf } from "../errors.ts";

export interface QueueOptions {
  /** Events that may wait, the one at hand not counted. Default 256. */
  readonly capacity?: number;
  /**
   * `refuse`: the event is not for this subscriber, and who publishes hears of it; `drop-oldest`: makes room; `back-pressure`:
   * as `refuse` for `publish`, while `offer` waits. Default `drop-oldest`.
   */
  readonly overflow?: Overflow;
  /** Offers that may wait for room with `back-pressure`. Default 256. */
  readonly maxWaiting?: number;
  /** How long the subscriber may take for one event before the next is sent. Default 30,000. */
  readonly handlingTimeoutMs?: number;
}

export interface QueueSnapshot {
  readonly depth: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  /** Offers that wait outside. */
  readonly waiting: number;
  /** Events that its handler has finished with. */
  readonly delivered: number;
  /** That made room, or found none. */
  readonly dropped: number;
  /** On which it crashed, or for which it took too long. */
  readonly failed: number;
}

/** An event and its kind. */
export interface Item<Events> {
  readonly kind: keyof Events;
  readonly event: unknown;
}

export interface QueueHost<Events> {
  readonly clock: Clock;
  readonly log: ActorLog;
  readonly subscriber: string;
  /** Fulfilled when the subscriber has finished with it. */
  send(item: Item<Events>, timeoutMs: number): Promise<void>;
  /** The subscriber is no more. */
  ended(): void;
}

/** An offer under way: settled with undefined when it has its place, otherwise with why not. */
export interface Wait {
  readonly taken: Promise<ActorError | undefined>;
  giveUp(error: ActorError): void;
}

interface Waiting<Events> {
  readonly item: Item<Events>;
  /** The first call counts. */
  readonly settle: (refusal: ActorError | undefined) => void;
}

const DEFAULTS: Required<QueueOptions> = {
  capacity: 256,
  overflow: "drop-oldest",
  maxWaiting: 256,
  handlingTimeoutMs: 30_000,
};

/** A subscriber whose own mailbox is full is tried again after so long. */
const FULL_PAUSE_MS = 20;

/** Errors that say that there is nobody any more. */
const GONE = ["actor-stopped", "no-such-actor", "peer-gone", "system-stopped"] as const;

export class Queue<Events> {
  readonly #host: QueueHost<Events>;
  readonly #options: Required<QueueOptions>;
  readonly #items = new Ring<Item<Events>>();
  readonly #waiting = new Ring<Waiting<Events>>();
  #isSending = false;
  #isEnded = false;
  #delivered = 0;
  #dropped = 0;
  #failed = 0;

  /** @throws ActorError `bad-option` */
  constructor(host: QueueHost<Events>, options: QueueOptions) {
    this.#host = host;
    const whole = { ...DEFAULTS, ...options };
    const { capacity, maxWaiting, handlingTimeoutMs } = whole;
    mustBeOneOf(OVERFLOWS, whole.overflow, "overflow");
    const areCounts =
      Number.isSafeInteger(capacity) && capacity > 0 && Number.isSafeInteger(maxWaiting) && maxWaiting >= 0;
    if (!areCounts || !(handlingTimeoutMs > 0 && handlingTimeoutMs < Infinity)) {
      throw new ActorError("bad-option", `a subscription cannot be so: ${JSON.stringify(whole)}`);
    }
    this.#options = whole;
  }

  snapshot(): QueueSnapshot {
    const { capacity, overflow } = this.#options;
    const waiting = this.#waiting.length;
    const counts = { delivered: this.#delivered, dropped: this.#dropped, failed: this.#failed };
    return { depth: this.#items.length, capacity, overflow, waiting, ...counts };
  }

  put(item: Item<Events>): ActorError | undefined {
    if (!this.#hasRoom()) {
      this.#dropped += 1;
      if (this.#options.overflow !== "drop-oldest") return this.#full();
      this.#items.shift();
    }
    this.#items.push(item);
    this.#wake();
    return undefined;
  }

  offer(item: Item<Events>): Wait {
    const mustWait = !this.#hasRoom() && this.#options.overflow === "back-pressure";
    if (!mustWait) return { taken: Promise.resolve(this.put(item)), giveUp: () => undefined };
    if (this.#waiting.length >= this.#options.maxWaiting) {
      this.#dropped += 1;
      return { taken: Promise.resolve(this.#full()), giveUp: () => undefined };
    }
    const { promise, resolve } = Promise.withResolvers<ActorError | undefined>();
    const waiting: Waiting<Events> = { item, settle: resolve };
    this.#waiting.push(waiting);
    return {
      taken: promise,
      giveUp: (error) => {
        this.#waiting.removeFirst((each) => each === waiting);
        resolve(error);
      },
    };
  }

  /** Ends the subscription from this side. */
  leave(): void {
    this.#host.ended();
  }

  /** Nothing more is sent. Who waits for room is let go: for nobody there is room enough. */
  end(): void {
    this.#isEnded = true;
    while (this.#items.length > 0) this.#items.shift();
    while (this.#waiting.length > 0) this.#waiting.shift().settle(undefined);
  }

  /** While there is some, nobody waits: room that is made goes to them first, and so nobody overtakes them. */
  #hasRoom(): boolean {
    return this.#items.length < this.#options.capacity;
  }

  #wake(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#send();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    while (this.#items.length > 0) {
      const item = this.#items.shift();
      this.#admit();
      await this.#sendOne(item);
    }
    this.#isSending = false;
  }

  async #sendOne(item: Item<Events>): Promise<void> {
    while (!this.#isEnded) {
      try {
        await this.#host.send(item, this.#options.handlingTimeoutMs);
        this.#delivered += 1;
        return;
      } catch (error) {
        if (isActorError(error, ...GONE)) return this.#host.ended();
        if (!isActorError(error, "mailbox-full")) {
          this.#failed += 1;
          this.#host.log.warn("a subscriber failed on an event", {
            subscriber: this.#host.subscriber,
            kind: String(item.kind),
            error,
          });
          return;
        }
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#host.clock.after(FULL_PAUSE_MS, resolve);
      await promise;
    }
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#items.length < this.#options.capacity) {
      const waiting = this.#waiting.shift();
      this.#items.push(waiting.item);
      waiting.settle(undefined);
    }
  }

  #full(): ActorError {
    const { subscriber } = this.#host;
    return new ActorError(
      "mailbox-full",
      `${subscriber} has ${this.#options.capacity} events waiting and takes no more`,
    );
  }
}
