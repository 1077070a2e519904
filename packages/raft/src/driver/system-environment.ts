/** The clock, timers and randomness of the machine. */
import { randomBytes } from "node:crypto";
import type { Environment } from "./environment.ts";

/** `random` draws from the operating system: names of proposals never repeat, also after a restart. */
export function systemEnvironment(): Environment {
  return {
    nowMs: () => performance.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    // After the poll phase: everything that sockets had to say has been taken in by then.
    soon: (run) => {
      setImmediate(run);
    },
    random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
