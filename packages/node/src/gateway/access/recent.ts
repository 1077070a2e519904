/** Something of each of many, as many as may be: what was asked for longest ago makes room. */
export class Recent<T> {
  readonly #most: number;
  readonly #all = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined where there is none. It is not asked for by this. */
  peek(key: string): T | undefined {
    return this.#all.get(key);
  }

  /** What there is of `key`, or else what `make` makes. */
  get(key: string, make: () => T): T {
    const found = this.#all.get(key) ?? make();
    // Put behind the others.
    this.#all.delete(key);
    this.#all.set(key, found);
    const [oldest] = this.#all.keys();
    if (this.#all.size > this.#most && oldest !== undefined) this.#all.delete(oldest);
    return found;
  }

  delete(key: string): void {
    this.#all.delete(key);
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.#all.entries();
  }
}
