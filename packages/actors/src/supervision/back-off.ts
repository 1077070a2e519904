/** How long to wait before a restart. */
import type { BackOff } from "./spec.ts";

/**
 * @param attempt restarts in a row, this one included; from 1
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function pauseMs({ minMs, maxMs, factor, jitter }: BackOff, attempt: number, random: number): number {
  const plain = Math.min(maxMs, minMs * factor ** (attempt - 1));
  // After the cut at the top, so that many who fail together still spread.
  return plain * (1 + jitter * (2 * random - 1));
}
