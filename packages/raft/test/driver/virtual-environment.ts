/** Time that passes when a test says so. */
import type { Environment } from "../../src/index.ts";

export class VirtualEnvironment implements Environment {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void; isCancelled: boolean }[] = [];
  draws: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + delayMs, run, isCancelled: false };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.isCancelled = true;
      },
    };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  random(): number {
    return this.draws.shift() ?? 0.5;
  }

  /** Lets `durationMs` pass; `stalledMs`: the process stands still first, and its timers come late. */
  pass(durationMs: number, stalledMs = 0): void {
    const untilMs = this.#nowMs + durationMs;
    this.#nowMs += stalledMs;
    for (;;) {
      const [next] = this.#timers
        .filter(({ atMs, isCancelled }) => atMs <= untilMs && !isCancelled)
        .toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}
