/**
 * Tells afterwards that the host slept, or that this process stood still for as long as if it had. Two clocks are looked at every
 * second: a steady one, which in sleep may stand still or go on, and that of the host's uptime, which goes on. Nobody sets
 * either, so the wall's clock may be set as anybody likes.
 */
import { uptime } from "node:os";
import type { Clock, Timer } from "@parley/actors";

/** Where they begin means nothing. */
export interface SleepClocks {
  readonly steadyMs: () => number;
  /** Goes on while the host sleeps. */
  readonly uptimeMs: () => number;
}

const steadyMs = (): number => performance.now();

/**
 * On Linux the steady clock stands still in sleep (CLOCK_MONOTONIC) and the uptime does not (CLOCK_BOOTTIME, from /proc/uptime). On
 * macOS (mach_continuous_time) and Windows (QueryPerformanceCounter) the steady one goes on itself, and the uptime is made from
 * the wall's clock, or coarse.
 */
export const HOST_CLOCKS: SleepClocks = {
  steadyMs,
  uptimeMs: process.platform === "linux" ? () => uptime() * 1_000 : steadyMs,
};

export const LOOK_EVERY_MS = 1_000;
/** Shorter absences are everyday business of a busy machine; failure detection and back-off see to them. */
const AWAY_MS = 5_000;

export class WakeDetector {
  readonly #clocks: SleepClocks;
  #steadyMs: number;
  #uptimeMs: number;

  constructor(clocks: SleepClocks) {
    this.#clocks = clocks;
    this.#steadyMs = clocks.steadyMs();
    this.#uptimeMs = clocks.uptimeMs();
  }

  /** Called every {@link LOOK_EVERY_MS}: for how long the host was away since the last time; 0: it was not. */
  look(): number {
    const [steady, up] = [this.#clocks.steadyMs(), this.#clocks.uptimeMs()];
    const passedMs = Math.max(steady - this.#steadyMs, up - this.#uptimeMs);
    [this.#steadyMs, this.#uptimeMs] = [steady, up];
    const awayMs = passedMs - LOOK_EVERY_MS;
    return awayMs >= AWAY_MS ? awayMs : 0;
  }
}

/** Looks by itself, and calls `woke` with how long the host was away. */
export class WakeWatch {
  readonly #detector: WakeDetector;
  readonly #clock: Pick<Clock, "after">;
  readonly #woke: (awayMs: number) => void;
  #timer: Timer | undefined;

  constructor(clocks: SleepClocks, clock: Pick<Clock, "after">, woke: (awayMs: number) => void) {
    this.#detector = new WakeDetector(clocks);
    this.#clock = clock;
    this.#woke = woke;
    this.#later();
  }

  /** Now: what is told by the result is not told again. */
  look(): number {
    return this.#detector.look();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #later(): void {
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#later();
      const awayMs = this.#detector.look();
      if (awayMs > 0) this.#woke(awayMs);
    });
  }
}
