/** A log that cannot bring down what it tells of. */
import type { ActorLog, Clock } from "./ports.ts";

/** `log`, but what it throws comes up by itself a little later, as what nobody catches: whoever was logging goes on. */
export function guardedLog(log: ActorLog, clock: Clock): ActorLog {
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
