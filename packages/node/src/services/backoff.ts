/** Waiting times between attempts: exponential with full jitter in the upper half, bounded. */

/** A back-off policy. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Milliseconds to wait before attempt `attempt` (0 is the first retry). `random` is in [0, 1). */
export function backoffMs(policy: Backoff, attempt: number, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt, 30));
  return ceiling * (0.5 + random / 2);
}

/** Resolves after `ms`, or at once when `signal` aborts; the process may end meanwhile. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener("abort", done);
  });
}
