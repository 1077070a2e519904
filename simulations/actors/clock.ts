/** Clocks as actors find them: the network's, which is true time, and each host's own, which may stand still. */
import type { Clock } from "@parley/actors";
import type { HostClock, RunHere } from "../kit/host-clock.ts";

export type { RunHere } from "../kit/host-clock.ts";

/** @param isOver whether nothing is to run here any more */
export function actorClock(clock: HostClock, run: RunHere, isOver: () => boolean): Clock {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, action) => clock.after(delayMs, run, action),
    soon(action) {
      queueMicrotask(() => {
        if (!isOver()) action();
      });
    },
    later: (action) => void clock.after(0, run, action),
  };
}
