/** A host's own clock, which may run fast or slow, and the environment that a node finds on the host. */
import type { Environment } from "@parley/raft";
import type { Random } from "../kit/random.ts";
import { MS, type Micros, type Timeline } from "../kit/timeline.ts";

export class HostClock {
  readonly #timeline: Timeline;
  #rate = 1;
  #localMs: number;
  #since: Micros;

  constructor(timeline: Timeline, startMs: number) {
    this.#timeline = timeline;
    this.#localMs = startMs;
    this.#since = timeline.now;
  }

  nowMs(): number {
    return this.#localMs + ((this.#timeline.now - this.#since) / MS) * this.#rate;
  }

  /** How fast it runs from now on; 1 is right. */
  set rate(rate: number) {
    this.#localMs = this.nowMs();
    this.#since = this.#timeline.now;
    this.#rate = rate;
  }

  /** True time until it shows `localMs`, if its rate stays. */
  until(localMs: number): Micros {
    return Math.max(0, Math.ceil(((localMs - this.nowMs()) / this.#rate) * MS));
  }
}

/** What an environment needs of the world. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly clock: HostClock;
  readonly random: Random;
  /** Runs `action` as an event of this life: after its pause, or never when it is over. */
  readonly run: (action: () => void) => void;
  /** A timer has run. */
  readonly ticked: () => void;
  /** Time until what has arrived is taken in. */
  readonly reaction: () => Micros;
}

/** A timer may come early on the timeline, when the clock was slowed down meanwhile: it goes on waiting then. */
const EARLY_MS = 0.002;

export function environmentOf({ timeline, clock, random, run, ticked, reaction }: Surroundings): Environment {
  return {
    nowMs: () => clock.nowMs(),
    random: () => random.next(),
    soon: (action) => timeline.after(reaction(), () => run(action)),
    after(delayMs, action) {
      let isCancelled = false;
      const dueMs = clock.nowMs() + delayMs;
      const arm = (): void => {
        timeline.after(clock.until(dueMs), () => {
          if (isCancelled) return;
          if (clock.nowMs() < dueMs - EARLY_MS) return arm();
          run(() => {
            if (isCancelled) return;
            action();
            ticked();
          });
        });
      };
      arm();
      return {
        cancel() {
          isCancelled = true;
        },
      };
    },
  };
}
