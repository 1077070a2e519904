/** Messages that wait for somebody to give them to: so many, and so long. */
interface Entry<Item> {
  readonly item: Item;
  readonly dueMs: number;
}

export class Held<Item> {
  readonly #capacity: number;
  #entries: Entry<Item>[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** @returns whether there was room */
  add(item: Item, dueMs: number): boolean {
    if (this.#entries.length >= this.#capacity) return false;
    this.#entries.push({ item, dueMs });
    return true;
  }

  /** Takes out those that have waited long enough. */
  expired(nowMs: number): readonly Item[] {
    const expired = this.#entries.filter(({ dueMs }) => dueMs <= nowMs);
    this.#entries = this.#entries.filter(({ dueMs }) => dueMs > nowMs);
    return expired.map(({ item }) => item);
  }

  /** Takes out all, in the order they came. */
  drain(): readonly Item[] {
    const all = this.#entries;
    this.#entries = [];
    return all.map(({ item }) => item);
  }
}
