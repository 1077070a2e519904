/** Time that passes when a test says so. */
import type { Clock, Timer } from "../../src/core/ports.ts";

export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];
  #later: (() => void)[] = [];

  /** Timers that have not run. */
  get timers(): number {
    return this.#timers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      },
    };
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Everything that needs no time happens. */
  async settle(): Promise<void> {
    do {
      const later = this.#later;
      this.#later = [];
      for (const run of later) run();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (this.#later.length > 0);
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.settle();
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }
}
