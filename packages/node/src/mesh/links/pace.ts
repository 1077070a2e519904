/** When to dial: pure arithmetic over a clock and a die. */

/** Paces of links; all in milliseconds. */
export interface Pace {
  /** The first dial that fails is repeated after this, and each further one after twice as long … */
  readonly minBackoffMs: number;
  /** … up to this. A link that lasted longer begins anew. */
  readonly maxBackoffMs: number;
  /** How long the peer with the higher id waits at first for the other to dial … */
  readonly firstFallbackMs: number;
  /** … and afterwards. */
  readonly fallbackMs: number;
}

export const DEFAULT_PACE: Pace = { minBackoffMs: 50, maxBackoffMs: 5_000, firstFallbackMs: 300, fallbackMs: 1_500 };

/** A number from 0 up to 1. */
export type Random = () => number;

/** The pause after so many failures in a row, at least one: between a half and the whole of the doubled one. */
export function backoffMs(failures: number, pace: Pace, random: Random): number {
  const wholeMs = Math.min(pace.maxBackoffMs, pace.minBackoffMs * 2 ** Math.min(failures - 1, 30));
  return wholeMs * (0.5 + random() / 2);
}

/** How long to leave it to the other side: the given time and up to a third more. */
export function fallbackMs(waitMs: number, random: Random): number {
  return waitMs * (1 + random() / 3);
}
