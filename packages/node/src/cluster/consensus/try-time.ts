/**
 * How long one try is waited for before it is sent again: fitted to how long answers took, as TCP fits its retransmissions
 * (RFC 6298). Shorter than an answer takes it would never do: on a network of half a second nothing would ever be agreed on.
 */

/** What is lost with a leader that died is sent again after this where answers come fast … */
export const MIN_TRY_MS = 300;
/** … and after this at the latest: a leader that died is replaced within it on every network. */
export const MAX_TRY_MS = 5_000;
/** An answer may take so many times as long as those before it. */
const ROOM = 3;
const GAIN = 1 / 8;

export class TryTime {
  #smoothedMs = 0;
  #ms = MIN_TRY_MS;

  get ms(): number {
    return this.#ms;
  }

  /** A certain answer came after this time. */
  answered(tookMs: number): void {
    // The first slow answer counts whole: the tries before it had been too short.
    const slow = tookMs > this.#smoothedMs * ROOM;
    this.#smoothedMs = slow ? tookMs : this.#smoothedMs + GAIN * (tookMs - this.#smoothedMs);
    this.#ms = within(this.#smoothedMs * ROOM);
  }

  /** None came within {@link ms}. */
  lost(): void {
    this.#ms = within(2 * this.#ms);
  }
}

function within(ms: number): number {
  return Math.min(MAX_TRY_MS, Math.max(MIN_TRY_MS, ms));
}
