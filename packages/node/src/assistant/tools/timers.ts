/** The timers of one conversation. They live as long as it does. */

import type { Privacy } from "../../routing/index.ts";

/** One that runs. */
export interface Timer {
  readonly id: string;
  /** Empty where it has none. */
  readonly label: string;
  /** Epoch. */
  readonly setAtMs: number;
  readonly endsAtMs: number;
  /** How far its label may go; wherever anything may when undefined. */
  readonly privacy: Privacy | undefined;
}

/** One that runs, with what it was set by: for whoever takes the conversation over. */
export interface SavedTimer extends Timer {
  readonly key: string;
}

/** One that is to run. */
export interface NewTimer {
  readonly ms: number;
  readonly label: string;
  readonly key: string;
  readonly privacy?: Privacy | undefined;
}

/** What carries time. */
export interface TimerClock {
  /** Epoch. */
  nowMs(): number;
  /** Calls `then` once after `ms`; the result takes it back. */
  after(ms: number, then: () => void): () => void;
}

export const MAX_TIMERS = 32;
/** Timers that do not run any more and are known all the same; of more, the latest. */
export const MAX_PAST = 64;
export const LONGEST_TIMER_MS = 7 * 86_400_000;

export const WALL_CLOCK: TimerClock = {
  nowMs: () => Date.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export class Timers {
  readonly #clock: TimerClock;
  readonly #onEnd: (timer: Timer) => void;
  readonly #running = new Map<string, { readonly timer: Timer; readonly takeBack: () => void; readonly key: string }>();
  /** Those that do not run any more: on no side of the house are they to run again. */
  readonly #past = new Set<string>();
  #made = 0;

  constructor(clock: TimerClock, onEnd: (timer: Timer) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** The next to end first. */
  get list(): readonly Timer[] {
    return [...this.#running.values()].map(({ timer }) => timer).toSorted((a, b) => a.endsAtMs - b.endsAtMs);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** One that ends after `ms`; the one that runs already under the same `key`. Undefined: {@link MAX_TIMERS} run. */
  set({ ms, label, key, privacy }: NewTimer): Timer | undefined {
    const same = [...this.#running.values()].find((each) => each.key === key);
    if (same !== undefined) return same.timer;
    if (this.#running.size >= MAX_TIMERS) return undefined;
    this.#made += 1;
    const setAtMs = this.#clock.nowMs();
    const timer: Timer = { id: String(this.#made), label, setAtMs, endsAtMs: setAtMs + ms, privacy };
    this.#run(timer, key, ms);
    return timer;
  }

  /** All that run. */
  get saved(): readonly SavedTimer[] {
    return [...this.#running.values()].map(({ timer, key }) => ({ ...timer, key }));
  }

  /** Goes on with those that ran elsewhere; one that should have ended meanwhile ends at once. Those of here are kept. */
  restore(saved: readonly SavedTimer[]): void {
    for (const { key, ...timer } of saved) {
      if (this.#running.has(timer.id) || this.#running.size >= MAX_TIMERS) continue;
      this.#made = Math.max(this.#made, Number(timer.id) || 0);
      this.#run(timer, key, Math.max(0, timer.endsAtMs - this.#clock.nowMs()));
    }
  }

  /** What {@link nameOf} says of those that have ended, or were taken back. */
  get past(): readonly string[] {
    return [...this.#past];
  }

  /**
   * Those that were set, ended or taken back on another side of the house: what has ended on one side runs on none. May be done
   * again.
   */
  merge(others: readonly SavedTimer[], past: readonly string[]): void {
    for (const name of past) this.#forget(name);
    for (const [id, { timer, takeBack, key }] of this.#running) {
      if (!this.#past.has(nameOf({ ...timer, key }))) continue;
      takeBack();
      this.#running.delete(id);
    }
    const known = new Set([...this.saved.map(nameOf), ...this.#past]);
    for (const { key, ...timer } of others) {
      if (known.has(nameOf({ ...timer, key })) || this.#running.size >= MAX_TIMERS) continue;
      this.#made += 1;
      this.#run({ ...timer, id: String(this.#made) }, key, Math.max(0, timer.endsAtMs - this.#clock.nowMs()));
    }
  }

  #forget(name: string): void {
    this.#past.delete(name);
    this.#past.add(name);
    for (const oldest of this.#past) {
      if (this.#past.size <= MAX_PAST) break;
      this.#past.delete(oldest);
    }
  }

  #run(timer: Timer, key: string, ms: number): void {
    const takeBack = this.#clock.after(ms, () => {
      this.#running.delete(timer.id);
      this.#forget(nameOf({ ...timer, key }));
      this.#onEnd(timer);
    });
    this.#running.set(timer.id, { timer, takeBack, key });
  }

  /** Those that were taken back. */
  cancel(which: (timer: Timer) => boolean): readonly Timer[] {
    const gone = [...this.#running.values()].filter(({ timer }) => which(timer));
    for (const { timer, takeBack, key } of gone) {
      takeBack();
      this.#running.delete(timer.id);
      this.#forget(nameOf({ ...timer, key }));
    }
    return gone.map(({ timer }) => timer);
  }

  close(): void {
    this.cancel(() => true);
  }
}

/** The same on all sides of a house that was apart; two timers that were set on two sides have two. */
function nameOf({ key, setAtMs, endsAtMs }: SavedTimer): string {
  return `${key}@${setAtMs}-${endsAtMs}`;
}
