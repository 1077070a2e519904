/** Clocks on the timeline: the network's, which is true time, and each host's own, which may stand still. */
import type { Clock, Timer } from "@parley/actors";
import { MS, type Timeline } from "../kit/timeline.ts";

/** Runs an action at a host: after its pause, or never when that life of it is over. */
export type RunHere = (action: () => void) => void;

export class TimelineClock implements Clock {
  readonly #timeline: Timeline;
  readonly #run: RunHere;
  readonly #isOver: () => boolean;
  /** How long it has stood still in all, and since when it does. */
  #stoodStillMs = 0;
  #stillSinceMs: number | undefined;

  /** @param isOver whether nothing is to run here any more */
  constructor(timeline: Timeline, run: RunHere, isOver: () => boolean) {
    this.#timeline = timeline;
    this.#run = run;
    this.#isOver = isOver;
  }

  nowMs(): number {
    return (this.#stillSinceMs ?? this.#trueMs) - this.#stoodStillMs;
  }

  standStill(): void {
    this.#stillSinceMs ??= this.#trueMs;
  }

  goOn(): void {
    if (this.#stillSinceMs === undefined) return;
    this.#stoodStillMs += this.#trueMs - this.#stillSinceMs;
    this.#stillSinceMs = undefined;
  }

  after(delayMs: number, run: () => void): Timer {
    let isCancelled = false;
    const dueMs = this.nowMs() + Math.max(0, delayMs);
    const arm = (): void => {
      // Never early: whole microseconds, rounded up.
      this.#timeline.after(Math.ceil((dueMs - this.nowMs()) * MS), () => {
        if (isCancelled) return;
        this.#run(() => {
          if (isCancelled) return;
          // It stood still meanwhile.
          if (this.nowMs() < dueMs) arm();
          else run();
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

  soon(run: () => void): void {
    queueMicrotask(() => {
      if (!this.#isOver()) run();
    });
  }

  later(run: () => void): void {
    this.#timeline.after(0, () => this.#run(run));
  }

  get #trueMs(): number {
    return this.#timeline.now / MS;
  }
}
