/**
 * Two processes with one identity, as after a peer's folder was copied: how either end comes to know. The end that has a link
 * with one of them turns the other away; both note it. A peer that was restarted is turned away as well until its former link
 * is known to be dead: so what lasts no longer than that tells nothing.
 */

/** Longer than any dead link is taken for a live one. */
const CERTAIN_AFTER_MS = 5_000;
/** Without news for so long it may be over. */
const OVER_AFTER_MS = 60_000;

export class TwinWatch {
  #firstMs: number | undefined;
  #lastMs = 0;
  #at = "";

  /** One of them was turned away, who came from `at` or is this process itself. */
  turnedAway(at: string, nowMs: number): void {
    if (this.#firstMs === undefined || nowMs - this.#lastMs > OVER_AFTER_MS) this.#firstMs = nowMs;
    this.#lastMs = nowMs;
    this.#at = at;
  }

  /** What there was has ended: a link came up, or went down. */
  settled(): void {
    this.#firstMs = undefined;
  }

  /** Where the other one was seen; undefined while nothing is certain, or any more. */
  certain(nowMs: number): string | undefined {
    const first = this.#firstMs;
    if (first === undefined || nowMs - this.#lastMs > OVER_AFTER_MS) return undefined;
    return this.#lastMs - first >= CERTAIN_AFTER_MS ? this.#at : undefined;
  }
}
