/** What comes at once is told at once. */
import type { Clock } from "@parley/actors";

/**
 * Until what has come in has been looked at: whoever tells of what comes in many small pieces waits so long for those that came together,
 * and tells them as one. No time passes where nothing has come.
 */
export function turnOf(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.later(resolve));
}
