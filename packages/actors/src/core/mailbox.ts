/** What waits for one actor, within its bounds. Items are messages as they were sent, or {@link Envelope}s. */
import { ActorError, mustBeOneOf, textOf } from "../errors.ts";
import { Envelope } from "./envelope.ts";
import { type MailboxOptions, type Overflow, OVERFLOWS } from "./mailbox-options.ts";
import type { Offer } from "./offer.ts";
import { Ring } from "./ring.ts";

/** Options with nothing left open; shared by all actors that were spawned with the same. */
export interface MailboxSettings {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly maxWaiting: number;
  readonly isPriority: ((message: unknown) => boolean) | undefined;
  readonly priorityCapacity: number;
}

const DEFAULT_CAPACITY = 1000;

const DEFAULTS: MailboxSettings = {
  capacity: DEFAULT_CAPACITY,
  overflow: "refuse",
  maxWaiting: DEFAULT_CAPACITY,
  isPriority: undefined,
  priorityCapacity: DEFAULT_CAPACITY,
};

/** @throws ActorError `bad-option` */
export function mailboxSettings<Message>(options: MailboxOptions<Message> | undefined): MailboxSettings {
  if (options === undefined) return DEFAULTS;
  const { priority, ...rest } = options;
  const settings = {
    ...DEFAULTS,
    ...rest,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is only asked about messages of this actor
    isPriority: priority?.when as ((message: unknown) => boolean) | undefined,
    priorityCapacity: priority?.capacity ?? DEFAULT_CAPACITY,
  };
  mustBeOneOf(OVERFLOWS, settings.overflow, "overflow");
  if (priority !== undefined && typeof priority.when !== "function") {
    throw new ActorError("bad-option", "a priority lane needs a function that says when");
  }
  for (const bound of [settings.capacity, settings.maxWaiting, settings.priorityCapacity]) {
    if (Number.isSafeInteger(bound) && bound > 0) continue;
    throw new ActorError("bad-option", `a mailbox needs whole numbers above 0 as bounds, not ${textOf(bound)}`);
  }
  return settings;
}

export class Mailbox extends Ring<unknown> {
  readonly settings: MailboxSettings;
  /** Below this length a message without a lane of its own fits, whatever else is here. */
  readonly freeBelow: number;
  #reserved = 0;
  #priority: Ring<unknown> | undefined = undefined;
  /** Offers that wait for room in each lane: none waits behind one of the other. */
  #waiting: Ring<Offer> | undefined = undefined;
  #urgentWaiting: Ring<Offer> | undefined = undefined;

  constructor(settings: MailboxSettings) {
    super();
    this.settings = settings;
    this.freeBelow = settings.isPriority === undefined ? settings.capacity : 0;
  }

  /** All that waits inside. */
  get depth(): number {
    return this.length + (this.#priority?.length ?? 0);
  }

  /** Calls of `offer` that wait for room, given up ones included until somebody looks. */
  get offersWaiting(): number {
    return (this.#waiting?.length ?? 0) + (this.#urgentWaiting?.length ?? 0);
  }

  /** Whether {@link next} must be asked instead of `shift`. */
  get isPlain(): boolean {
    return this.#reserved === 0 && this.#priority === undefined && this.#waiting === undefined;
  }

  /**
   * Takes `item` in, if its lane has room or makes some.
   * @returns whether it did, and what was dropped for it
   */
  put(item: unknown, content: unknown): { readonly isTaken: boolean; readonly dropped?: { readonly item: unknown } } {
    const { isPriority, priorityCapacity, capacity, overflow } = this.settings;
    const isUrgent = isPriority?.(content) === true;
    const lane = isUrgent ? (this.#priority ??= new Ring()) : this;
    const used = isUrgent ? lane.length : lane.length - this.#reserved;
    if (used < (isUrgent ? priorityCapacity : capacity)) {
      lane.push(item);
      return TAKEN;
    }
    if (overflow !== "drop-oldest") return NOT_TAKEN;
    const dropped = lane.removeFirst((each) => !isReserved(each));
    lane.push(item);
    return dropped === undefined ? TAKEN : { isTaken: true, dropped };
  }

  /** Takes in what the runtime owes the actor: bounded by its own watches and timers, so by nothing here. */
  putReserved(item: Envelope): void {
    this.#reserved += 1;
    this.push(item);
  }

  /** Puts back a message that was taken out, before all that waits; also above the capacity. */
  putBack(item: unknown): void {
    this.unshift(item);
  }

  /** What is to be handled next; there must be something. Lets in who waits for the room. */
  next(): unknown {
    if (this.#priority !== undefined && this.#priority.length > 0) {
      const urgent = this.#priority.shift();
      this.#urgentWaiting = this.#admit(this.#urgentWaiting);
      return urgent;
    }
    const item = this.shift();
    if (isReserved(item)) this.#reserved -= 1;
    this.#waiting = this.#admit(this.#waiting);
    return item;
  }

  /** An offer found no room. @returns whether it may wait for some */
  wait(offer: Offer): boolean {
    for (const lane of [this.#waiting, this.#urgentWaiting]) {
      while (lane?.removeFirst((each) => !each.isWaiting) !== undefined);
    }
    if (this.offersWaiting >= this.settings.maxWaiting) return false;
    const isUrgent = this.settings.isPriority?.(offer.open()) === true;
    const waiting = isUrgent ? (this.#urgentWaiting ??= new Ring()) : (this.#waiting ??= new Ring());
    waiting.push(offer);
    return true;
  }

  /** Takes everything out, offers that wait outside included. */
  *drain(): Generator {
    const outside = [this.#urgentWaiting ?? new Ring<Offer>(), this.#waiting ?? new Ring<Offer>()];
    // Not let in by the room that is made below.
    this.#urgentWaiting = undefined;
    this.#waiting = undefined;
    while (this.depth > 0) yield this.next();
    for (const lane of outside) for (let left = lane.length; left > 0; left -= 1) yield lane.shift();
  }

  /** Lets the first of `waiting` in, if there is room. @returns what still waits */
  #admit(waiting: Ring<Offer> | undefined): Ring<Offer> | undefined {
    if (waiting === undefined) return undefined;
    while (waiting.length > 0) {
      const offer = waiting.shift();
      if (!offer.isWaiting) continue;
      if (this.put(offer.item, offer.open()).isTaken) offer.taken();
      else waiting.unshift(offer);
      return waiting;
    }
    return undefined;
  }
}

const TAKEN = { isTaken: true };
const NOT_TAKEN = { isTaken: false };

function isReserved(item: unknown): boolean {
  return item instanceof Envelope && item.isReserved;
}
