/**
 * How much a client may send: a token bucket (as in RFC 2697, without its second one). It is full at first, so a burst may be as
 * large as what a whole period allows; after that it is the rate.
 */

/** So much in so long. */
export interface Rate {
  readonly amount: number;
  readonly perMs: number;
}

/** One allowance of one thing. Pure: it is told the time. */
export class Allowance {
  readonly #rate: Rate;
  #left: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.amount;
    this.#atMs = nowMs;
  }

  /** Takes `amount`, if there is so much. */
  take(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }

  /** Takes `amount` of what has come already, whether there is so much or not. @returns in how long nothing of it is owed any more; 0: now */
  spend(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#left -= amount;
    return Math.max(0, Math.ceil((-this.#left * this.#rate.perMs) / this.#rate.amount));
  }

  /** In how long `amount` can be taken; Infinity for more than there ever is. */
  waitMs(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    const { amount: most, perMs } = this.#rate;
    if (amount > most) return Number.POSITIVE_INFINITY;
    return Math.max(0, Math.ceil(((amount - this.#left) * perMs) / most));
  }

  #fill(nowMs: number): void {
    const { amount, perMs } = this.#rate;
    // A clock that went back gives nothing, and takes nothing.
    const gained = (Math.max(0, nowMs - this.#atMs) * amount) / perMs;
    this.#left = Math.min(amount, this.#left + gained);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
