/** Waits `delayMs`, or until `signal` is aborted: then it is over at once, and the caller looks. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, delayMs);
    signal.addEventListener("abort", over, { once: true });
  });
}
