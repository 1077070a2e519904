/** The environment that a node finds on its host: the host's clock, and what has arrived. */
import type { Environment } from "@parley/raft";
import type { HostClock } from "../kit/host-clock.ts";
import type { Random } from "../kit/random.ts";
import type { Micros, Timeline } from "../kit/timeline.ts";

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

export function environmentOf({ timeline, clock, random, run, ticked, reaction }: Surroundings): Environment {
  return {
    nowMs: () => clock.nowMs(),
    random: () => random.next(),
    soon: (action) => timeline.after(reaction(), () => run(action)),
    after: (delayMs, action) =>
      clock.after(delayMs, run, () => {
        action();
        ticked();
      }),
  };
}
