/** A clock that stands still until it is told to go on. */
import type { DeviceClock } from "../../src/devices/index.ts";

export class SimulatedClock implements DeviceClock {
  #nowMs = 1000;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      if (signal.aborted) resolve();
      else {
        signal.addEventListener("abort", wake, { once: true });
        this.#sleepers.push({ atMs: this.#nowMs + ms, wake });
      }
    });
  }

  /** Lets `ms` pass, waking who sleeps at the moment it wanted; in between everything that can happen does. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#sleepers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    this.#nowMs = endMs;
    await settled();
  }

  /** The process is held up for `ms`: time passes and nobody wakes. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }
}

/** All that can happen without the outside world has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
