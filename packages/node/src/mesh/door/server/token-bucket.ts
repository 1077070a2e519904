/** So many a second, and some at once. Pure: time comes in. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, capacity: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAtMs = nowMs;
  }

  /** Takes one. @returns 0 when there was one, else in how many ms there will be */
  take(nowMs: number): number {
    const filled = this.#tokens + ((nowMs - this.#filledAtMs) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#capacity, filled);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond);
    this.#tokens -= 1;
    return 0;
  }
}
