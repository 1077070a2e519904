/** When a process stood still: its event loop was busy, or the machine gave it no processor. */

export interface Stall {
  /** When it ended, by {@link machineMs}. */
  readonly untilMs: number;
  readonly forMs: number;
}

export const STALL_STEP_MS = 10;
/** Shorter ones are not worth to be noted. */
const NOTED_FROM_MS = 30;
const MAX_NOTED = 100_000;

/** Milliseconds that are the same for all processes of a machine. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** By how much a timer was late each time: one beside those of the program, not more important than them. */
export class StallMeter {
  /** The first of them. */
  readonly stalls: Stall[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastMs = machineMs();

  constructor() {
    this.#timer = setInterval(() => this.#step(), STALL_STEP_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    const nowMs = machineMs();
    const forMs = nowMs - this.#lastMs - STALL_STEP_MS;
    this.#lastMs = nowMs;
    if (forMs >= NOTED_FROM_MS && this.stalls.length < MAX_NOTED) this.stalls.push({ untilMs: nowMs, forMs });
  }
}

export function longestMs(stalls: readonly Stall[]): number {
  return stalls.reduce((most, { forMs }) => Math.max(most, forMs), 0);
}

/** How long somebody stood still between two moments. */
export function stalledMs(stalls: readonly Stall[], fromMs: number, untilMs: number): number {
  return stalls.reduce(
    (sum, stall) => sum + Math.max(0, Math.min(untilMs, stall.untilMs) - Math.max(fromMs, stall.untilMs - stall.forMs)),
    0,
  );
}
