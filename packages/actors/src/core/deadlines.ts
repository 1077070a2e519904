/**
 * Deadlines by the hundred thousand: what waits for the same length of time ends in the order it began, so one list and one
 * timer per length are enough, and to begin or end a wait is a few pointers.
 */
import { ActorError, textOf } from "../errors.ts";
import type { Clock, Timer } from "./ports.ts";

/** A wait. Belongs to one {@link Deadlines} at a time, which writes all fields but `expire`. */
export interface Deadline {
  list: DeadlineList | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  dueMs: number;
  /** Called once when the time is over, unless it was removed. */
  expire(): void;
}

/** Waits of one length. */
export interface DeadlineList {
  readonly timeoutMs: number;
  first: Deadline | undefined;
  last: Deadline | undefined;
  timer: Timer;
}

/** Lists without waits that are kept for the next wait of their length, so that one wait after the other needs no new timer. */
const KEPT_LISTS = 64;

export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();
  /** The list used last: most waits have the same length. */
  #recent: DeadlineList | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ActorError `bad-option` for a `timeoutMs` that would have no end */
  add(deadline: Deadline, timeoutMs: number): void {
    const list = this.#recent?.timeoutMs === timeoutMs ? this.#recent : this.#listOf(timeoutMs);
    deadline.list = list;
    deadline.dueMs = this.#clock.nowMs() + timeoutMs;
    deadline.earlier = list.last;
    if (list.last === undefined) list.first = deadline;
    else list.last.later = deadline;
    list.last = deadline;
  }

  /** May be called at any time, also afterwards. */
  remove(deadline: Deadline): void {
    const { list, earlier, later } = deadline;
    if (list === undefined) return;
    if (earlier === undefined) list.first = later;
    else earlier.later = later;
    if (later === undefined) list.last = earlier;
    else later.earlier = earlier;
    deadline.list = undefined;
    deadline.earlier = undefined;
    deadline.later = undefined;
    if (list.first === undefined && this.#lists.size > KEPT_LISTS) this.#drop(list);
  }

  /** Ends every wait now, as if its time were over, and stops all timers. */
  expireAll(): void {
    for (const list of this.#lists.values()) {
      list.timer.cancel();
      while (list.first !== undefined) this.#expireFirst(list.first);
    }
    this.#lists.clear();
    this.#recent = undefined;
  }

  #listOf(timeoutMs: number): DeadlineList {
    let list = this.#lists.get(timeoutMs);
    if (list === undefined) {
      mustEnd(timeoutMs);
      const made: DeadlineList = {
        timeoutMs,
        first: undefined,
        last: undefined,
        timer: this.#clock.after(timeoutMs, () => this.#look(made)),
      };
      this.#lists.set(timeoutMs, made);
      list = made;
    }
    this.#recent = list;
    return list;
  }

  #look(list: DeadlineList): void {
    const nowMs = this.#clock.nowMs();
    while (list.first !== undefined && list.first.dueMs <= nowMs) this.#expireFirst(list.first);
    if (list.first !== undefined) {
      list.timer = this.#clock.after(list.first.dueMs - nowMs, () => this.#look(list));
      return;
    }
    this.#drop(list);
  }

  #drop(list: DeadlineList): void {
    list.timer.cancel();
    // A wait that began when one of this list ended may have made a new one.
    if (this.#lists.get(list.timeoutMs) === list) this.#lists.delete(list.timeoutMs);
    if (this.#recent === list) this.#recent = undefined;
  }

  #expireFirst(deadline: Deadline): void {
    this.remove(deadline);
    deadline.expire();
  }
}

/** How long a wait is at most, as an option says it. @throws ActorError `bad-option` */
export function mustBeTimeout(timeoutMs: number, what: string): number {
  if (Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs;
  throw new ActorError("bad-option", `${what} is a finite number of milliseconds, not ${textOf(timeoutMs)}`);
}

/** As a caller says it: what is over already ends at once. @throws ActorError `bad-option` */
export function mustEnd(timeoutMs: number): void {
  if (Number.isFinite(timeoutMs)) return;
  throw new ActorError("bad-option", `a wait ends: it takes a finite number of milliseconds, not ${textOf(timeoutMs)}`);
}
