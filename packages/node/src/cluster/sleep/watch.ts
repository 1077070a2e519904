/** Sleep of the host, as far as its system tells of it. */
import { existsSync } from "node:fs";
import { systemClock } from "@parley/actors";
import type { Logger } from "pino";
import type { SleepEvents, SleepWatch } from "./events.ts";
import { watchLogind } from "./logind.ts";
import { HOST_CLOCKS, WakeWatch } from "./wake-detector.ts";

/** What a host does that may sleep. */
export interface Sleeper {
  /** Never rejects, and takes no longer than `timeoutMs`. */
  fallAsleep(options: { readonly timeoutMs: number }): Promise<void>;
  /** `awayMs`: for how long nothing happened here; 0: it did not sleep after all. */
  wake(awayMs: number): void;
}

export type WatchSleep = (sleeper: Sleeper, log: Logger) => SleepWatch;

/** Less than logind waits unless it is told otherwise. */
const FALL_MS = 4_000;
const SYSTEM_BUS = "/run/dbus/system_bus_socket";

/**
 * Linux with systemd tells before it sleeps. macOS and Windows tell native code only: there, and where there is no logind, sleep is
 * noticed when it is over.
 */
export const watchSleep: WatchSleep = (sleeper, log) => {
  const told = (awayMs: number): void => {
    if (awayMs > 0) log.info({ awayMs: Math.round(awayMs) }, "this host was asleep, or stood still");
    sleeper.wake(awayMs);
  };
  const watch = new WakeWatch(HOST_CLOCKS, systemClock(), told);
  const events: SleepEvents = {
    falling: async () => {
      log.info("this host is about to sleep");
      await sleeper.fallAsleep({ timeoutMs: FALL_MS });
    },
    woke: () => told(watch.look()),
  };
  const logind = mayHaveLogind() ? watchLogind({ events, log }) : undefined;
  return {
    close: async () => {
      watch.close();
      await logind?.close();
    },
  };
};

/** Whether there is a bus on which it could be. */
function mayHaveLogind(): boolean {
  if (process.platform !== "linux") return false;
  return process.env["DBUS_SYSTEM_BUS_ADDRESS"] !== undefined || existsSync(SYSTEM_BUS);
}
