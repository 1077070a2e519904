/** A log that cannot bring down what it tells of. */
import type { ActorLog, Clock } from "./ports.ts";

/** `log`, but what it throws comes up by itself a little later, as what nobody catches: whoever was logging goes on. Silent without one. */
export function guardedLog(log: ActorLog | undefined, clock: Clock): ActorLog {
  if (log === undefined) return SILENT;
  const guarded =
    (level: keyof ActorLog): ActorLog["warn"] =>
    (message, fields) => {
      try {
        log[level](message, fields);
      } catch (error) {
        clock.soon(() => {
          throw error;
        });
      }
    };
  return { debug: guarded("debug"), warn: guarded("warn"), error: guarded("error") };
}

const SILENT: ActorLog = { debug: () => undefined, warn: () => undefined, error: () => undefined };
