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

  #run(timer: Timer, key: string, ms: number): void {
    const takeBack = this.#clock.after(ms, () => {
      this.#running.delete(timer.id);
      this.#onEnd(timer);
    });
    this.#running.set(timer.id, { timer, takeBack, key });
  }

  /** Those that were taken back. */
  cancel(which: (timer: Timer) => boolean): readonly Timer[] {
    const gone = [...this.#running.values()].filter(({ timer }) => which(timer));
    for (const { timer, takeBack } of gone) {
      takeBack();
      this.#running.delete(timer.id);
    }
    return gone.map(({ timer }) => timer);
  }

  close(): void {
    this.cancel(() => true);
  }
}
