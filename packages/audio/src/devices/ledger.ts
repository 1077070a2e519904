/** Which samples of a reply lie where in the endless stream that goes to a device, and so how much of it was heard. */

interface Stretch {
  /** Position in the device's stream. */
  readonly at: number;
  length: number;
}

/** Positions are samples. Memory is one entry for each gap in a reply. */
export class Ledger {
  #stretches: Stretch[] = [];
  #heardBefore = 0;
  /** Samples of the reply handed over. */
  written = 0;

  /** A new reply begins. */
  clear(): void {
    this.#stretches = [];
    this.#heardBefore = 0;
    this.written = 0;
  }

  /** `length` samples of the reply were handed over at position `at` of the device's stream. */
  add(at: number, length: number): void {
    if (length === 0) return;
    this.written += length;
    const last = this.#stretches.at(-1);
    if (last !== undefined && last.at + last.length === at) last.length += length;
    else this.#stretches.push({ at, length });
  }

  /** Samples of the reply that were heard when the device stands at `position`; positions may only grow. */
  heard(position: number): number {
    for (let first = this.#stretches[0]; first !== undefined; first = this.#stretches[0]) {
      if (position < first.at + first.length) return this.#heardBefore + Math.max(0, Math.floor(position - first.at));
      this.#heardBefore += first.length;
      this.#stretches.shift();
    }
    return this.#heardBefore;
  }
}
