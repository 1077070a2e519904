/** How many restarts a supervisor allows itself: OTP's restart intensity. */
import type { SupervisionSpec } from "./spec.ts";

/** The restarts of the last `withinMs`. Never holds more than `maxRestarts` moments. */
export class RestartIntensity {
  readonly #maxRestarts: number;
  readonly #withinMs: number;
  #momentsMs: readonly number[] = [];

  constructor({ maxRestarts, withinMs }: Pick<SupervisionSpec, "maxRestarts" | "withinMs">) {
    this.#maxRestarts = maxRestarts;
    this.#withinMs = withinMs;
  }

  /** Counts a restart; false when it is one too many. */
  allows(nowMs: number): boolean {
    const recent = this.#momentsMs.filter((atMs) => nowMs - atMs < this.#withinMs);
    const isAllowed = recent.length < this.#maxRestarts;
    this.#momentsMs = isAllowed && Number.isFinite(this.#maxRestarts) ? [...recent, nowMs] : recent;
    return isAllowed;
  }
}
