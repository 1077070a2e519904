/** Which phrases are worth keeping, and where. Pure: no sound, no clock, no disk. */

/** Where a phrase may be kept. */
export type Keeping = "nowhere" | "memory" | "memory-and-disk";

/** Options of {@link PhrasePolicy}, all with defaults. */
export interface PhrasePolicyOptions {
  /** Longest phrase that is kept because it was said before, in UTF-16 units. Default 80: longer ones hardly come again. */
  readonly maxChars?: number;
  /** From which time on a phrase that is not fixed is kept. Default 2. */
  readonly timesSaid?: number;
  /** How many phrases are counted; the one not said for longest is forgotten. Default 1000. */
  readonly counted?: number;
}

/**
 * Counts what is said. Phrases that the caller calls fixed (its own, the same for everybody) may go to the disk. What was
 * written for a person may be private, however short and often said: it is kept in memory only, and only once it was said
 * before.
 */
export class PhrasePolicy {
  readonly #maxChars: number;
  readonly #timesSaid: number;
  readonly #counted: number;
  /** In the order in which they were last said. */
  readonly #times = new Map<string, number>();

  /** @throws RangeError when an option is no whole number of at least 1 */
  constructor({ maxChars = 80, timesSaid = 2, counted = 1000 }: PhrasePolicyOptions = {}) {
    for (const [name, value] of Object.entries({ maxChars, timesSaid, counted })) {
      if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1`);
    }
    this.#maxChars = maxChars;
    this.#timesSaid = timesSaid;
    this.#counted = counted;
  }

  /** Notes that the phrase `key` of `chars` characters is said once more; tells where its sound may be kept. */
  said(key: string, chars: number, isFixed: boolean): Keeping {
    if (isFixed) return "memory-and-disk";
    if (chars > this.#maxChars) return "nowhere";
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.delete(key);
    this.#times.set(key, times);
    if (this.#times.size > this.#counted) {
      const [oldest] = this.#times.keys();
      if (oldest !== undefined) this.#times.delete(oldest);
    }
    return times >= this.#timesSaid ? "memory" : "nowhere";
  }
}

/** Values by key up to a number of bytes; the one not used for longest goes first. */
export class ByteLru<Value> {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Leaves the order as it is. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Holds `value`; gives the keys that had to go for it. One that is larger than a quarter of the room is not held. */
  set(key: string, value: Value, bytes: number): readonly string[] {
    this.delete(key);
    if (bytes > this.#maxBytes / 4) return [key];
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    const gone: string[] = [];
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
      gone.push(oldest);
    }
    return gone;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(key);
  }
}
