/** The sessions of a peer whose clients are away: each waits for its client, but not for ever, and not all that there ever were. */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import { SESSION_TIMEOUT_MS } from "@parley/sdk";

/** Sessions that wait at one peer. */
const MOST_WAITING = 512;

/** One that waits. */
export interface Lone {
  /** It waits no longer. */
  leave(): void;
}

export interface LonelyOptions {
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  readonly most?: number;
}

export class Lonely {
  readonly #clock: Clock;
  readonly #most: number;
  /** Until when each waits, who has waited longest first. One timer is enough for all: all wait equally long. */
  readonly #waiting = new Map<Lone, number>();
  #timer: Timer | undefined;

  constructor({ clock = systemClock(), most = MOST_WAITING }: LonelyOptions = {}) {
    this.#clock = clock;
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Where too many wait, who has waited longest leaves. */
  add(session: Lone): void {
    this.#waiting.delete(session);
    this.#waiting.set(session, this.#clock.nowMs() + SESSION_TIMEOUT_MS);
    if (this.#waiting.size > this.#most) this.#leaveFirst();
    this.#arm();
  }

  /** Somebody has come to it, or it has ended. */
  remove(session: Lone): void {
    this.#waiting.delete(session);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const [first] = this.#waiting.values();
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.after(Math.max(0, first - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      while (this.#isDue()) this.#leaveFirst();
      this.#arm();
    });
  }

  #isDue(): boolean {
    const [first = Infinity] = this.#waiting.values();
    return first <= this.#clock.nowMs();
  }

  #leaveFirst(): void {
    const [session] = this.#waiting.keys();
    if (session === undefined) return;
    this.#waiting.delete(session);
    session.leave();
  }
}
