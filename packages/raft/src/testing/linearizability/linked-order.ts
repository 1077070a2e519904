/** Items 0 … size-1 in a fixed order, of which some are taken out and put back, last out first in. */

/** A doubly linked list over indexes; `size` is its end. */
export class LinkedOrder {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #end: number;

  constructor(order: ArrayLike<number>) {
    this.#end = order.length;
    this.#next = new Int32Array(order.length + 1);
    this.#previous = new Int32Array(order.length + 1);
    let last = this.#end;
    for (let i = 0; i < order.length; i += 1) {
      const item = order[i] ?? this.#end;
      this.#next[last] = item;
      this.#previous[item] = last;
      last = item;
    }
    this.#next[last] = this.#end;
    this.#previous[this.#end] = last;
  }

  first(): number {
    return this.after(this.#end);
  }

  after(item: number): number {
    return this.#next[item] ?? this.#end;
  }

  remove(item: number): void {
    const [next, previous] = [this.#next[item] ?? this.#end, this.#previous[item] ?? this.#end];
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Undoes the latest {@link remove} that was not undone. */
  restore(item: number): void {
    this.#next[this.#previous[item] ?? this.#end] = item;
    this.#previous[this.#next[item] ?? this.#end] = item;
  }
}
