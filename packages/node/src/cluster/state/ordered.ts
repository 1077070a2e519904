/**
 * A map in the order of its keys that never changes: each change gives another one, and the old one stays good. So a
 * snapshot is taken by keeping it. Changes copy one page and the list of pages.
 */

interface Page<Value> {
  readonly keys: readonly string[];
  readonly values: readonly Value[];
}

/** Keys `from` (the first) up to, and not including, `to`. */
export interface KeyRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const PAGE_ENTRIES = 64;

export class Ordered<Value> {
  readonly size: number;
  /** None is empty. */
  readonly #pages: readonly Page<Value>[];

  private constructor(pages: readonly Page<Value>[], size: number) {
    this.#pages = pages;
    this.size = size;
  }

  static empty<Value>(): Ordered<Value> {
    return new Ordered<Value>([], 0);
  }

  static from<Value>(entries: Iterable<readonly [string, Value]>): Ordered<Value> {
    let all = Ordered.empty<Value>();
    for (const [key, value] of entries) all = all.with(key, value);
    return all;
  }

  get(key: string): Value | undefined {
    const page = this.#pages[this.#pageOf(key)];
    const at = page === undefined ? 0 : lowerBound(page.keys, key);
    return page?.keys[at] === key ? page.values[at] : undefined;
  }

  has(key: string): boolean {
    const page = this.#pages[this.#pageOf(key)];
    return page !== undefined && page.keys[lowerBound(page.keys, key)] === key;
  }

  with(key: string, value: Value): Ordered<Value> {
    const number = this.#pageOf(key);
    const page = this.#pages[number];
    if (page === undefined) return new Ordered([{ keys: [key], values: [value] }], 1);
    const at = lowerBound(page.keys, key);
    if (page.keys[at] === key) {
      return new Ordered(this.#pages.with(number, { ...page, values: page.values.with(at, value) }), this.size);
    }
    const keys = page.keys.toSpliced(at, 0, key);
    const values = page.values.toSpliced(at, 0, value);
    return new Ordered(this.#pages.toSpliced(number, 1, ...halves(keys, values)), this.size + 1);
  }

  without(key: string): Ordered<Value> {
    const number = this.#pageOf(key);
    const page = this.#pages[number];
    const at = page === undefined ? 0 : lowerBound(page.keys, key);
    if (page?.keys[at] !== key) return this;
    const left = { keys: page.keys.toSpliced(at, 1), values: page.values.toSpliced(at, 1) };
    const pages = left.keys.length === 0 ? this.#pages.toSpliced(number, 1) : this.#pages.with(number, left);
    return new Ordered(pages, this.size - 1);
  }

  *range({ from, to }: KeyRange = {}): Generator<readonly [key: string, value: Value]> {
    for (let number = from === undefined ? 0 : this.#pageOf(from); number < this.#pages.length; number += 1) {
      const { keys, values } = this.#pages[number] ?? { keys: [], values: [] };
      for (let at = from === undefined ? 0 : lowerBound(keys, from); at < keys.length; at += 1) {
        const [key, value] = [keys[at], values[at]];
        if (key === undefined || value === undefined || (to !== undefined && key >= to)) return;
        yield [key, value];
      }
    }
  }

  *keys(): Generator<string> {
    for (const { keys } of this.#pages) yield* keys;
  }

  *values(): Generator<Value> {
    for (const { values } of this.#pages) yield* values;
  }

  /** The page that holds `key`, or would: the last one that does not begin behind it. */
  #pageOf(key: string): number {
    let [low, high] = [0, this.#pages.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pages[middle]?.keys[0] ?? "") <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function halves<Value>(keys: readonly string[], values: readonly Value[]): readonly Page<Value>[] {
  if (keys.length <= PAGE_ENTRIES) return [{ keys, values }];
  const middle = keys.length >>> 1;
  return [
    { keys: keys.slice(0, middle), values: values.slice(0, middle) },
    { keys: keys.slice(middle), values: values.slice(middle) },
  ];
}

/** Where `key` is, or would be put. */
function lowerBound(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
