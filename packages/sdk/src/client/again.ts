/** What a peer had no room for is said again: when it says so, or after pauses that grow, and not for ever. */
import type { Payload } from "../protocol/envelope.ts";

/** So often the same is said again. */
const MOST_AGAIN = 6;
const FIRST_MS = 200;
const MOST_MS = 5_000;
/** Who is to wait longer is told so instead. */
const LONGEST_WAIT_MS = 30_000;
/** Clients that were sent away together do not come again together. */
const SPREAD = 0.25;

/**
 * How long is waited before what was refused is said again; undefined: it is not.
 * @param again how often it was said again already
 * @param random from 0 to 1
 */
export function againMs(
  { errorCode, retryable, retryAfterMs = 0 }: Payload<"ERROR">,
  again: number,
  random = Math.random(),
): number | undefined {
  if (errorCode !== "RATE_LIMIT_EXCEEDED" || !retryable) return undefined;
  if (again >= MOST_AGAIN || retryAfterMs > LONGEST_WAIT_MS) return undefined;
  const pauseMs = Math.max(retryAfterMs, Math.min(MOST_MS, FIRST_MS * 2 ** again));
  return Math.ceil(pauseMs * (1 + SPREAD * random));
}
