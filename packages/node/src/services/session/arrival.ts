/** Which of two visits to a session is the later one: what an entry asked for may come long after it has given that up. */
import type { Coming, VisitCard } from "./wire.ts";

export interface Arrival {
  readonly comes: Coming | undefined;
  /** When its client came, by the clock of the session's host. */
  readonly cameAtMs: number;
}

/** @param nowMs by the clock of the session's host */
export function arrivalOf({ comes, waitedMs = 0 }: Pick<VisitCard, "comes" | "waitedMs">, nowMs: number): Arrival {
  return { comes, cameAtMs: nowMs - waitedMs };
}

/** Those of one client by how often it had come, and its entry asked, whatever clocks say; others by when they came. */
export function isBefore(one: Arrival, other: Arrival): boolean {
  const [mine, theirs] = [one.comes, other.comes];
  if (mine === undefined || theirs === undefined || mine.chain !== theirs.chain) return one.cameAtMs < other.cameAtMs;
  return mine.nth < theirs.nth || (mine.nth === theirs.nth && mine.asked < theirs.asked);
}
