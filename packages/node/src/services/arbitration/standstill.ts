/** Notices that this process stood still: it was stopped, or its machine slept. What it hears afterwards was said before. */
import type { Clock, Timer } from "@parley/actors";

const LOOK_EVERY_MS = 250;
/** A busy machine is late, too; not by that much. */
const STILL_MS = 1_000;

export class Standstill {
  readonly #clock: Clock;
  readonly #others: () => boolean;
  #timer: Timer | undefined;
  #lookedMs = 0;
  #hadOthers = false;
  #endedMs = Number.NEGATIVE_INFINITY;
  #wereOthers = false;

  /** @param others whether there are others that would answer */
  constructor(clock: Clock, others: () => boolean) {
    this.#clock = clock;
    this.#others = others;
  }

  /** Begins to look; nothing when it does already. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lookedMs = this.#clock.nowMs();
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /**
   * Whether what was said at `saidMs` was said while this host stood still, or before, and others were there to answer. Who is there
   * now says nothing: for this host, all the others were silent meanwhile.
   */
  hasMissed(saidMs: number): boolean {
    this.#notice();
    return this.#wereOthers && saidMs < this.#endedMs;
  }

  #look(): void {
    this.#notice();
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #notice(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lookedMs > STILL_MS) {
      this.#endedMs = nowMs;
      this.#wereOthers = this.#hadOthers;
    }
    this.#lookedMs = nowMs;
    this.#hadOthers = this.#others();
  }
}
