/** The clock of this member's actors. */
import { systemClock, type Clock } from "@parley/actors";

const HOUR_MS = 3_600_000;

/**
 * Runs like the machine's, and counts from a whole hour by the date as it is now: what hosts whose dates agree do at whole beats falls
 * together, and wakes each of them once for all. Later changes of the date do not show, and dates that do not agree do no harm.
 */
export function datedClock(): Clock {
  const beganMs = (Date.now() - performance.now()) % HOUR_MS;
  return { ...systemClock(), nowMs: () => beganMs + performance.now() };
}
