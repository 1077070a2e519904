/** The latest changes, kept within bounds for those who watch. */
import type { ByteText } from "./fields.ts";

/** A change of one key. */
export interface Change {
  /** Index of the log entry that made it. */
  readonly revision: number;
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: ByteText | undefined;
}

export interface HistoryLimits {
  readonly maxChanges: number;
  /** Of keys and values together. */
  readonly maxBytes: number;
}

/** A queue that forgets its oldest when it is full. */
export class ChangeHistory {
  readonly #limits: HistoryLimits;
  #changes: Change[] = [];
  /** Where the oldest kept is. */
  #head = 0;
  #bytes = 0;
  #floor = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** All changes after this revision are kept. */
  get floor(): number {
    return this.#floor;
  }

  push(change: Change): void {
    this.#changes.push(change);
    this.#bytes += sizeOf(change);
    const { maxChanges, maxBytes } = this.#limits;
    while (this.#changes.length - this.#head > maxChanges || this.#bytes > maxBytes) this.#dropOldest();
    if (this.#head >= 1024 && this.#head * 2 >= this.#changes.length) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets everything: the state has become another as of `revision`. */
  restart(revision: number): void {
    [this.#changes, this.#head, this.#bytes] = [[], 0, 0];
    this.#floor = revision;
  }

  /** The first change of at least `revision`. */
  firstSince(revision: number): Change | undefined {
    let [low, high] = [this.#head, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.revision ?? Infinity) < revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes[low];
  }

  #dropOldest(): void {
    const oldest = this.#changes[this.#head];
    if (oldest === undefined) return;
    this.#floor = oldest.revision;
    this.#bytes -= sizeOf(oldest);
    this.#head += 1;
  }
}

function sizeOf({ key, value }: Change): number {
  return key.length + (value?.length ?? 0);
}
