/** The clock and the timers of the machine. */
import type { Clock } from "./ports.ts";

/** Longest time that `setTimeout` takes for what it is. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    nowMs: () => performance.now(),
    after: (delayMs, run) => {
      let timer: NodeJS.Timeout;
      const wait = (leftMs: number): void => {
        timer =
          leftMs > MAX_TIMEOUT_MS
            ? setTimeout(() => wait(leftMs - MAX_TIMEOUT_MS), MAX_TIMEOUT_MS)
            : // What is due already has a time that is past.
              setTimeout(run, Math.max(0, leftMs));
      };
      wait(delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (run) => queueMicrotask(run),
    later: (run) => {
      setImmediate(run);
    },
  };
}
