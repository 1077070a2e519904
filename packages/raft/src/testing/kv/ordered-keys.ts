/** The keys of a map in order, put in order only when somebody asks. */

/**
 * Additions cost a set's insertion; the first {@link from} after some sorts those and merges them with the rest: for n
 * keys and m additions since, n + m log m. Order is by UTF-16 code units, as `<` compares.
 */
export class OrderedKeys {
  /** May hold keys that were removed since. */
  #sorted: string[] = [];
  readonly #added = new Set<string>();

  /** A key that was not there. */
  add(key: string): void {
    this.#added.add(key);
  }

  remove(key: string): void {
    this.#added.delete(key);
  }

  /** Keys from `start` on for which `isPresent`, in order. Must be read to where it is wanted before the keys change. */
  *from(start: string, isPresent: (key: string) => boolean): Generator<string> {
    if (this.#added.size > 0) this.#merge(isPresent);
    for (let i = lowerBound(this.#sorted, start); i < this.#sorted.length; i += 1) {
      const key = this.#sorted[i] ?? "";
      if (isPresent(key)) yield key;
    }
  }

  #merge(isPresent: (key: string) => boolean): void {
    const added = [...this.#added].sort();
    const merged: string[] = [];
    let next = 0;
    for (const key of this.#sorted) {
      for (; next < added.length && (added[next] ?? "") < key; next += 1) merged.push(added[next] ?? "");
      // Removed and added again, it is in both.
      if (isPresent(key) && added[next] !== key) merged.push(key);
    }
    for (; next < added.length; next += 1) merged.push(added[next] ?? "");
    this.#sorted = merged;
    this.#added.clear();
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
