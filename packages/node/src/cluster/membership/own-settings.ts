/** Settings that the cluster writes by itself. */
import { isDeparture } from "./departures.ts";
import { isSleep } from "./sleep.ts";

/** Whether a key is none that users choose. */
export function isOwnSetting(key: string): boolean {
  return isSleep(key) || isDeparture(key);
}
