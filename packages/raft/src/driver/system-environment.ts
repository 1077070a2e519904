/** The clock, timers and randomness of the machine. */
import { randomBytes } from "node:crypto";
import type { Environment } from "./environment.ts";

/** `random` draws from the operating system: names of proposals never repeat, also after a restart. */
export function systemEnvironment(): Environment {
  return {
    nowMs: () => performance.now(),
    after: (delayMs, run) => {
      // Node cuts fractions off: it would wake up just before the time, and once more just after it.
      const timer = setTimeout(run, Math.ceil(delayMs));
      return { cancel: () => clearTimeout(timer) };
    },
    // After the poll phase: everything that sockets had to say has been taken in by then.
    soon: (run) => {
      setImmediate(run);
    },
    random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
