/** Chance that a seed repeats. */

/** Tommy Ettinger's Mulberry32: 32 bits of state, which is plenty for a schedule. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to below `count`; 0 where there is none. */
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  /** A whole number, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  oneOf<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
