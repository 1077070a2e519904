/** How patient a download is. */
export interface FetchLimits {
  /** From asking to the answer's headers. */
  readonly connectTimeoutMs: number;
  /** Longest silence in the middle of an answer. */
  readonly idleTimeoutMs: number;
  /** Failures in a row, without one new byte between them, before the last source is given up. */
  readonly attempts: number;
  /** First pause before a retry; doubles each time, with full jitter. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  /** The longest `Retry-After` that is obeyed. */
  readonly maxRetryAfterMs: number;
}

/** An unreachable host costs five seconds, once, when another source is left. */
export const DEFAULT_LIMITS: FetchLimits = {
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 15_000,
  attempts: 5,
  backOffMs: 500,
  maxBackOffMs: 8_000,
  maxRetryAfterMs: 30_000,
};

/** Full jitter: anywhere between zero and the doubling bound, so that many hosts do not come back together. */
export function backOffMs(limits: FetchLimits, failures: number, random: () => number = Math.random): number {
  return random() * Math.min(limits.maxBackOffMs, limits.backOffMs * 2 ** Math.max(0, failures - 1));
}

/** Milliseconds a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date); undefined when it asks nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
