/**
 * Publish and subscribe within one host: kinds of events with a check each, and a bounded queue per subscriber, so that a slow
 * one holds up nobody but, where it chose so, those who publish to it.
 */
import { mustBeTimeout } from "../core/deadlines.ts";
import type { ActorRef, WaitOptions } from "../core/ref.ts";
import type { ActorSystem } from "../core/system-options.ts";
import { ActorError, textOf } from "../errors.ts";
import { type Item, Queue, type QueueOptions, type QueueSnapshot } from "./queue.ts";

const OFFER_TIMEOUT_MS = 5_000;

/** Gives back the event, or what it should be; throws when it will not do. Any validator is one: `(event) => schema.parse(event)`. */
export type EventCheck<Event> = (event: unknown) => Event;

/** A check per kind of event. */
export type EventKinds<Events> = { readonly [Kind in keyof Events]: EventCheck<Events[Kind]> };

/** An event as subscribers see it. It is shared by all of them: nobody may change it. */
export type Published<Events, Kind extends keyof Events = keyof Events> = {
  readonly [Each in Kind]: { readonly kind: Each; readonly event: Events[Each] };
}[Kind];

/** A subscription as it stands now. */
export interface SubscriptionSnapshot extends QueueSnapshot {
  readonly subscriber: string;
  readonly kinds: readonly string[];
}

export interface EventBus<Events> {
  /**
   * Puts an event into the queues of its subscribers; never waits and never throws. Returns ActorError `bad-message` for an
   * event that its check refuses (nobody gets it), and `mailbox-full` when a subscriber had no room (the others have it).
   */
  publish<Kind extends keyof Events & string>(kind: Kind, event: Events[Kind]): ActorError | undefined;
  /**
   * As {@link publish}, but waits for room where a subscriber's queue has `back-pressure`. Rejects with ActorError
   * `bad-message`, `mailbox-full`, `ask-timeout`, `cancelled`, `bad-option`. Default timeout: 5,000.
   */
  offer<Kind extends keyof Events & string>(kind: Kind, event: Events[Kind], options?: WaitOptions): Promise<void>;
  /**
   * Sends events of `kinds` to `subscriber` from now on, in the order they were published, the next one when its handler has
   * finished with the last; until the actor ends, or what this gives back is called. A restart does not end it.
   * @param toMessage makes the subscriber's message of an event
   * @throws ActorError `bad-option`, `system-stopped`
   */
  subscribe<Kind extends keyof Events & string, Message>(
    kinds: readonly Kind[],
    subscriber: ActorRef<Message>,
    toMessage: (published: Published<Events, Kind>) => Message,
    options?: QueueOptions,
  ): () => void;
  /** All subscriptions, the oldest first. */
  inspect(): readonly SubscriptionSnapshot[];
  /** Ends all subscriptions; what is published afterwards reaches nobody. */
  close(): void;
}

interface Subscription<Events> {
  readonly kinds: ReadonlySet<keyof Events>;
  readonly subscriber: string;
  readonly queue: Queue<Events>;
}

/** Makes a bus for the events of `kinds`. Its waits are timed by the clock of `system`. */
export function createEventBus<Events extends object>(
  system: ActorSystem,
  kinds: EventKinds<Events>,
): EventBus<Events> {
  return new Bus(system, kinds);
}

class Bus<Events extends object> implements EventBus<Events> {
  readonly #system: ActorSystem;
  readonly #kinds: EventKinds<Events>;
  readonly #subscriptions = new Set<Subscription<Events>>();
  #isClosed = false;

  constructor(system: ActorSystem, kinds: EventKinds<Events>) {
    this.#system = system;
    this.#kinds = kinds;
  }

  publish<Kind extends keyof Events & string>(kind: Kind, event: Events[Kind]): ActorError | undefined {
    const checked = this.#check(kind, event);
    if (checked instanceof ActorError) return checked;
    let refusal: ActorError | undefined;
    for (const queue of this.#queuesOf(kind)) refusal = queue.put(checked) ?? refusal;
    return refusal;
  }

  async offer<Kind extends keyof Events & string>(
    kind: Kind,
    event: Events[Kind],
    { timeoutMs = OFFER_TIMEOUT_MS, signal }: WaitOptions = {},
  ): Promise<void> {
    mustBeTimeout(timeoutMs, "timeoutMs");
    const checked = this.#check(kind, event);
    if (checked instanceof ActorError) throw checked;
    if (signal?.aborted === true) throw cancelled(kind, signal);
    const waits = [...this.#queuesOf(kind)].map((queue) => queue.offer(checked));
    const giveUp = (error: ActorError): void => {
      for (const wait of waits) wait.giveUp(error);
    };
    const timer = this.#system.clock.after(timeoutMs, () =>
      giveUp(new ActorError("ask-timeout", `subscribers of ${kind} had no room within ${timeoutMs} ms`)),
    );
    const cancel = (): void => giveUp(cancelled(kind, signal));
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const results = await Promise.all(waits.map(({ taken }) => taken));
      const refusal = results.find((result) => result !== undefined);
      if (refusal !== undefined) throw refusal;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
    }
  }

  subscribe<Kind extends keyof Events & string, Message>(
    kinds: readonly Kind[],
    subscriber: ActorRef<Message>,
    toMessage: (published: Published<Events, Kind>) => Message,
    options: QueueOptions = {},
  ): () => void {
    if (this.#isClosed) throw new ActorError("system-stopped", "the bus is closed");
    const unknown = kinds.find((kind) => !Object.hasOwn(this.#kinds, kind));
    if (unknown !== undefined) throw new ActorError("bad-option", `there are no events of kind ${unknown}`);
    const { clock, log } = this.#system;
    const send = (item: Item<Events>, timeoutMs: number): Promise<void> => {
      // Only items of these kinds come into its queue.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      return subscriber.offer(toMessage(item as Published<Events, Kind>), { acknowledged: true, timeoutMs });
    };
    const end = (): void => {
      if (!this.#subscriptions.delete(subscription)) return;
      unwatch();
      subscription.queue.end();
    };
    const queue = new Queue<Events>({ clock, log, send, subscriber: subscriber.address, ended: end }, options);
    const subscription = { kinds: new Set<keyof Events>(kinds), subscriber: subscriber.address, queue };
    this.#subscriptions.add(subscription);
    const unwatch = this.#system.watch(subscriber, end);
    return end;
  }

  inspect(): readonly SubscriptionSnapshot[] {
    return [...this.#subscriptions].map(({ kinds, subscriber, queue }) => ({
      subscriber,
      kinds: [...kinds].map(String),
      ...queue.snapshot(),
    }));
  }

  close(): void {
    this.#isClosed = true;
    for (const { queue } of this.#subscriptions) queue.leave();
  }

  *#queuesOf(kind: keyof Events): Generator<Queue<Events>> {
    for (const { kinds, queue } of this.#subscriptions) if (kinds.has(kind)) yield queue;
  }

  #check(kind: keyof Events & string, event: unknown): Item<Events> | ActorError {
    // What is published may come from plain JavaScript.
    if (!Object.hasOwn(this.#kinds, kind)) return new ActorError("bad-message", `there are no events of kind ${kind}`);
    try {
      return { kind, event: this.#kinds[kind](event) };
    } catch (error) {
      return new ActorError("bad-message", `this is no ${kind}: ${textOf(error)}`, { cause: error });
    }
  }
}

function cancelled(kind: string, signal: AbortSignal | undefined): ActorError {
  return new ActorError("cancelled", `the offer of a ${kind} was cancelled`, { cause: signal?.reason });
}
