/** How far a linearization has come: what has taken effect, and the value then. Every step can be undone. */
import { ABSENT, DIFFER, OTHER, READ, SWAP, WRITE, type Columns, type RegisterHistory } from "./register-history.ts";
import { LinkedOrder } from "./linked-order.ts";

/** To come back to with {@link Configuration.rewind}. */
export interface Mark {
  readonly taken: number;
  readonly value: number;
  readonly latest: number;
}

/** Certain steps are known by their place in the history; open ones by that plus the number of certain ones. */
export class Configuration {
  readonly certain: Columns;
  readonly open: Columns;
  value = ABSENT;
  /** Certain steps left, by call. */
  readonly byCall: LinkedOrder;
  /** Of what is left: reads and swaps that need a value; failed swaps that must not find it; steps that write it. */
  readonly readers: Int32Array;
  readonly differs: Int32Array;
  readonly writers: Int32Array;
  readonly openSwaps: Int32Array;
  differsLeft = 0;
  readonly #byEnd: LinkedOrder;
  readonly #trail: number[] = [];
  readonly #isUsed: Uint8Array;
  /** Open steps taken, in that order. */
  readonly #used: number[] = [];
  #latest = -1;

  constructor({ certain, open, valueCount }: RegisterHistory) {
    this.certain = certain;
    this.open = open;
    this.byCall = new LinkedOrder(Int32Array.from({ length: certain.size }, (_, i) => i));
    this.#byEnd = new LinkedOrder(
      Int32Array.from({ length: certain.size }, (_, i) => i).sort((a, b) => at(certain.end, a) - at(certain.end, b)),
    );
    this.readers = new Int32Array(valueCount);
    this.differs = new Int32Array(valueCount);
    this.writers = new Int32Array(valueCount);
    this.openSwaps = new Int32Array(valueCount);
    this.#isUsed = new Uint8Array(open.size);
    for (let i = 0; i < certain.size + open.size; i += 1) this.#count(i, 1);
  }

  /** The certain step that must take effect first, because it returned first; `certain.size` when none is left. */
  get mostUrgent(): number {
    return this.#byEnd.first();
  }

  /** Steps called up to then may be next: nothing that is left had returned before. */
  get horizon(): number {
    const step = this.mostUrgent;
    return step === this.certain.size ? Infinity : at(this.certain.end, step);
  }

  isUsed(openStep: number): boolean {
    return this.#isUsed[openStep] === 1;
  }

  mark(): Mark {
    return { taken: this.#trail.length, value: this.value, latest: this.#latest };
  }

  /** The step takes effect now. The caller has seen that it can. */
  take(step: number): void {
    this.#trail.push(step);
    this.#count(step, -1);
    if (step < this.certain.size) {
      this.byCall.remove(step);
      this.#byEnd.remove(step);
      if (step > this.#latest) this.#latest = step;
    } else {
      this.#isUsed[step - this.certain.size] = 1;
      this.#used.push(step - this.certain.size);
    }
    const writes = this.writesOf(step);
    if (writes >= 0) this.value = writes;
  }

  rewind({ taken, value, latest }: Mark): void {
    while (this.#trail.length > taken) {
      const step = this.#trail.pop() ?? 0;
      if (step < this.certain.size) {
        this.#byEnd.restore(step);
        this.byCall.restore(step);
      } else {
        this.#isUsed[step - this.certain.size] = 0;
        this.#used.pop();
      }
      this.#count(step, 1);
    }
    this.value = value;
    this.#latest = latest;
  }

  /** Whether the step writes, needing nothing, a value that no step of the history looks for. */
  isUnseenWrite(step: number): boolean {
    return this.writesOf(step) === OTHER && at(this.certain.kind, step) === WRITE;
  }

  /** The value that a step writes, -1 if none. */
  writesOf(step: number): number {
    const { certain, open } = this;
    return step < certain.size ? at(certain.writes, step) : at(open.writes, step - certain.size);
  }

  /**
   * Equal for equal configurations: the value; the steps left among those called before the latest one taken; and the
   * open steps taken, unless nobody can see any more what they write.
   */
  key(): string {
    let key = `${this.value};${this.#latest}`;
    for (let i = this.byCall.first(); i < this.#latest; i = this.byCall.after(i)) key += `,${i}`;
    const seen = this.#used.filter((i) => this.#canBeSeen(at(this.open.writes, i)));
    return seen.length === 0 ? key : `${key};${seen.sort((a, b) => a - b).join(",")}`;
  }

  #canBeSeen(value: number): boolean {
    return this.differsLeft > 0 || at(this.readers, value) > 0 || at(this.openSwaps, value) > 0;
  }

  #count(step: number, by: 1 | -1): void {
    const isCertain = step < this.certain.size;
    const columns = isCertain ? this.certain : this.open;
    const index = isCertain ? step : step - this.certain.size;
    const [kind, needs, writes] = [columns.kind[index], at(columns.needs, index), at(columns.writes, index)];
    if (kind === WRITE || kind === SWAP) add(this.writers, writes, by);
    if (kind === DIFFER) {
      add(this.differs, needs, by);
      this.differsLeft += by;
    }
    if (kind === READ || kind === SWAP) add(isCertain ? this.readers : this.openSwaps, needs, by);
  }
}

/** An element that is known to be there. */
export function at(column: ArrayLike<number>, index: number): number {
  return column[index] ?? 0;
}

function add(counts: Int32Array, value: number, by: number): void {
  counts[value] = at(counts, value) + by;
}
