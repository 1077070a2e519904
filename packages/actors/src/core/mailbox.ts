/** What waits for one actor, within its bounds. Items are messages as they were sent, or {@link Envelope}s. */
import { ActorError } from "../errors.ts";
import { Envelope } from "./envelope.ts";
import type { MailboxOptions, Overflow } from "./mailbox-options.ts";
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
  for (const bound of [settings.capacity, settings.maxWaiting, settings.priorityCapacity]) {
    if (Number.isSafeInteger(bound) && bound > 0) continue;
    throw new ActorError("bad-option", `a mailbox needs whole numbers above 0 as bounds, not ${bound}`);
  }
  return settings;
}

export class Mailbox extends Ring<unknown> {
  readonly settings: MailboxSettings;
  /** Below this length a message without a lane of its own fits, whatever else is here. */
  readonly freeBelow: number;
  #reserved = 0;
  #priority: Ring<unknown> | undefined = undefined;
  #waiting: Ring<Offer> | undefined = undefined;

  constructor(settings: MailboxSettings) {
    super();
    this.settings = settings;
    this.freeBelow = settings.isPriority === undefined ? settings.capacity : 0;
  }

  /** All that waits inside. */
  get depth(): number {
    return this.length + (this.#priority?.length ?? 0);
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

  /** Puts back what was taken out, before all that waits; also above the capacity. */
  putBack(item: unknown): void {
    if (isReserved(item)) this.#reserved += 1;
    this.unshift(item);
  }

  /** What is to be handled next; there must be something. Lets in who waits for the room. */
  next(): unknown {
    if (this.#priority !== undefined && this.#priority.length > 0) {
      const urgent = this.#priority.shift();
      this.#admit();
      return urgent;
    }
    const item = this.shift();
    if (isReserved(item)) this.#reserved -= 1;
    this.#admit();
    return item;
  }

  /** An offer found no room. @returns whether it may wait for some */
  wait(offer: Offer): boolean {
    const waiting = (this.#waiting ??= new Ring());
    while (waiting.removeFirst((each) => !each.isWaiting) !== undefined);
    if (waiting.length >= this.settings.maxWaiting) return false;
    waiting.push(offer);
    return true;
  }

  /** Takes everything out, offers that wait outside included. */
  *drain(): Generator {
    const waiting = this.#waiting;
    // Not let in by the room that is made below.
    this.#waiting = undefined;
    while (this.depth > 0) yield this.next();
    for (let left = waiting?.length ?? 0; left > 0; left -= 1) yield waiting?.shift();
  }

  #admit(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    while (waiting.length > 0) {
      const offer = waiting.shift();
      if (!offer.isWaiting) continue;
      if (this.put(offer, offer.open()).isTaken) offer.taken();
      else waiting.unshift(offer);
      return;
    }
    this.#waiting = undefined;
  }
}

const TAKEN = { isTaken: true };
const NOT_TAKEN = { isTaken: false };

function isReserved(item: unknown): boolean {
  return item instanceof Envelope && item.isReserved;
}
