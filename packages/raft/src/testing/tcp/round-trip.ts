/** Round trips by pings, one on its way at a time, smoothed as TCP does it (RFC 6298: an eighth of each new one). */

const GAIN = 1 / 8;
/** A ping without an answer for so long was lost. */
const LOST_MS = 2000;

export class RoundTrip {
  #sequence = 0;
  #sentMs: number | undefined;
  #smoothedMs: number | undefined;

  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  /** The number of the ping to send now; undefined while one is on its way. */
  next(nowMs: number): number | undefined {
    if (this.#sentMs !== undefined && nowMs - this.#sentMs < LOST_MS) return undefined;
    this.#sentMs = nowMs;
    this.#sequence += 1;
    return this.#sequence;
  }

  /** The answer to ping `sequence` is here; late ones count for nothing. */
  answered(sequence: number, nowMs: number): void {
    if (sequence !== this.#sequence || this.#sentMs === undefined) return;
    const sample = nowMs - this.#sentMs;
    this.#sentMs = undefined;
    this.#smoothedMs = this.#smoothedMs === undefined ? sample : this.#smoothedMs + GAIN * (sample - this.#smoothedMs);
  }

  /** The connection is gone: another may be quite different. */
  reset(): void {
    this.#sentMs = undefined;
    this.#smoothedMs = undefined;
  }
}
