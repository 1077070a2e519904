/** A queue in an array that is used round and round. Holds nothing until something is put in; grows by doubling. */

const FIRST_SLOTS = 8;
/** Shared by all rings that have never held anything: an idle actor costs no slots. */
const NO_SLOTS: unknown[] = [];

export class Ring<Item> {
  #slots: unknown[] = NO_SLOTS;
  #mask = -1;
  #head = 0;
  length = 0;

  push(item: Item): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.length) & this.#mask] = item;
    this.length += 1;
  }

  /** The oldest, which stays. */
  peek(): Item | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what lies at head was pushed as an Item, or there is nothing
    return this.#slots[this.#head] as Item | undefined;
  }

  /** The oldest; there must be one. */
  shift(): Item {
    const head = this.#head;
    const item = this.#slots[head];
    this.#slots[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.length -= 1;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what lies between head and length was pushed as an Item
    return item as Item;
  }

  /** Puts `item` before the oldest. */
  unshift(item: Item): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = item;
    this.length += 1;
  }

  /** Takes out the oldest that `matches`, and keeps the others in order; undefined when there is none. */
  removeFirst(matches: (item: Item) => boolean): { readonly item: Item } | undefined {
    for (let passed = 0; passed < this.length; passed += 1) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as in shift
      const item = this.#slots[(this.#head + passed) & this.#mask] as Item;
      if (!matches(item)) continue;
      for (let i = passed; i > 0; i -= 1) {
        this.#slots[(this.#head + i) & this.#mask] = this.#slots[(this.#head + i - 1) & this.#mask];
      }
      this.shift();
      return { item };
    }
    return undefined;
  }

  #grow(): void {
    const old = this.#slots;
    const slots: unknown[] = Array.from({ length: Math.max(FIRST_SLOTS, old.length * 2) });
    for (let i = 0; i < this.length; i += 1) slots[i] = old[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
  }
}
