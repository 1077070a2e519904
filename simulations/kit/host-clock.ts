/** A host's own clocks: one that never goes back, which may run fast or slow or stand still, and what it takes for the date. */
import { MS, type Micros, type Timeline } from "./timeline.ts";

/** Something that will happen later. */
export interface Alarm {
  cancel(): void;
}

/** Runs an action at a host: after its pause, or never when that life of it is over. */
export type RunHere = (action: () => void) => void;

/** An alarm may come early on the timeline, when the clock was slowed down or stopped meanwhile: it goes on waiting then. */
const EARLY_MS = 0.002;
/** The date at which all runs begin. */
const BEGIN_MS = Date.UTC(2026, 0, 1);

export class HostClock {
  readonly #timeline: Timeline;
  #rate = 1;
  #localMs: number;
  #since: Micros;
  #isStill = false;
  /** What the date is ahead of the right one. */
  #aheadMs = 0;

  constructor(timeline: Timeline, startMs = 0) {
    this.#timeline = timeline;
    this.#localMs = startMs;
    this.#since = timeline.now;
  }

  nowMs(): number {
    return this.#localMs + ((this.#timeline.now - this.#since) / MS) * this.#speed;
  }

  /** The date: it goes on while the host sleeps. */
  wallMs(): number {
    return Math.floor(BEGIN_MS + this.#timeline.now / MS + this.#aheadMs);
  }

  /** Somebody, or a time server, sets the date. */
  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }

  /** How fast it runs from now on; 1 is right. */
  set rate(rate: number) {
    this.#settle();
    this.#rate = rate;
  }

  /** No time passes, as the host sleeps. */
  standStill(): void {
    this.#settle();
    this.#isStill = true;
  }

  goOn(): void {
    this.#settle();
    this.#isStill = false;
  }

  /** Has `run` do `action` once this clock has gone on by `delayMs`. */
  after(delayMs: number, run: RunHere, action: () => void): Alarm {
    let isCancelled = false;
    const dueMs = this.nowMs() + Math.max(0, delayMs);
    const isEarly = (): boolean => this.nowMs() < dueMs - EARLY_MS;
    const arm = (): void => {
      this.#timeline.after(this.#until(dueMs), () => {
        if (isCancelled) return;
        if (!this.#isStill && isEarly()) return arm();
        run(() => {
          if (isCancelled) return;
          if (isEarly()) arm();
          else action();
        });
      });
    };
    arm();
    return {
      cancel() {
        isCancelled = true;
      },
    };
  }

  get #speed(): number {
    return this.#isStill ? 0 : this.#rate;
  }

  /** True time until it shows `localMs`, if its rate stays. */
  #until(localMs: number): Micros {
    return Math.max(0, Math.ceil(((localMs - this.nowMs()) / this.#rate) * MS));
  }

  #settle(): void {
    this.#localMs = this.nowMs();
    this.#since = this.#timeline.now;
  }
}
