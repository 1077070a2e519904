/** The clock and the timers of the machine. */
import type { Clock } from "./ports.ts";

/** Longest time that `setTimeout` takes for what it is. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    nowMs: () => performance.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, Math.min(delayMs, MAX_TIMEOUT_MS));
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (run) => queueMicrotask(run),
    later: (run) => {
      setImmediate(run);
    },
  };
}
