/** All terms of a log in memory: they only ever rise, so a few runs tell them all. */
import { invariant } from "../errors.ts";

interface Run {
  readonly from: number;
  readonly term: number;
}

/** Terms from the base on. */
export class TermRuns {
  /** Ascending; the first holds the base. */
  #runs: Run[];

  constructor(base: { readonly index: number; readonly term: number }) {
    this.#runs = [{ from: base.index, term: base.term }];
  }

  /** The term at `index`, which lies within the log. */
  at(index: number): number {
    return this.#runs[this.#find(index)]?.term ?? 0;
  }

  /** First index of the run that holds `index`. */
  start(index: number): number {
    return this.#runs[this.#find(index)]?.from ?? index;
  }

  /** The entry at `index` follows the last. */
  push(index: number, term: number): void {
    const last = this.#runs.at(-1);
    invariant(last === undefined || term >= last.term, `entry ${index} of term ${term} after term ${last?.term ?? 0}`);
    if (last === undefined || last.term !== term) this.#runs.push({ from: index, term });
  }

  /** Entries from `index` on are gone; the base stays. */
  truncate(index: number): void {
    while (this.#runs.length > 1 && (this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop();
  }

  /** `index` becomes the base. */
  compact(index: number): void {
    const at = this.#find(index);
    const term = this.#runs[at]?.term ?? 0;
    this.#runs.splice(0, at + 1, { from: index, term });
  }

  clone(): TermRuns {
    const copy = new TermRuns({ index: 0, term: 0 });
    copy.#runs = [...this.#runs];
    return copy;
  }

  #find(index: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#runs[middle]?.from ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
