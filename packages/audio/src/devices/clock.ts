/** The machine's clock, and what is paced by one. */
import type { DeviceClock } from "./contracts.ts";

/** `performance.now()` and timers. */
export const MACHINE_CLOCK: DeviceClock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake, { once: true });
      if (signal.aborted) wake();
    }),
};

/**
 * The same samples in blocks of `blockMs`, none given before its last sample would have been recorded by a device. Late
 * readers get the next blocks at once: no time is lost.
 */
export async function* paced(
  blocks: AsyncIterable<Float32Array>,
  sampleRateHz: number,
  options: { readonly blockMs: number; readonly clock: DeviceClock; readonly signal: AbortSignal },
): AsyncGenerator<Float32Array, void, undefined> {
  const { blockMs, clock, signal } = options;
  const size = Math.max(1, Math.round((sampleRateHz * blockMs) / 1000));
  const startMs = clock.nowMs();
  let given = 0;
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += size) {
      const piece = block.subarray(at, at + size);
      given += piece.length;
      const waitMs = startMs + (given / sampleRateHz) * 1000 - clock.nowMs();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      yield piece;
    }
  }
}

/** Waits between attempts: doubling from `firstMs` to `longestMs`. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A device that was unplugged is back within a second of being plugged in, and costs nothing while it is away. */
export const DEVICE_BACK_OFF: BackOff = { firstMs: 250, longestMs: 4000 };

/** The wait after `failures` attempts in a row have failed. */
export function backOffMs(backOff: BackOff, failures: number): number {
  return Math.min(backOff.longestMs, backOff.firstMs * 2 ** Math.max(0, failures - 1));
}
