/** The newest entries in memory: what followers that keep up ask for. */
import type { Entry } from "../core/types.ts";

/** An entry and the checksum of its record. */
export interface TailEntry {
  readonly entry: Entry;
  readonly chain: number;
}

/** Consecutive entries up to the last one, within `maxBytes`; the oldest go first. */
export class Tail {
  readonly #maxBytes: number;
  #entries: TailEntry[] = [];
  /** Entries before this place were let go. */
  #head = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(index: number): TailEntry | undefined {
    const first = this.#entries[this.#head];
    return first === undefined || index < first.entry.index
      ? undefined
      : this.#entries[this.#head + index - first.entry.index];
  }

  push(added: TailEntry): void {
    this.#entries.push(added);
    this.#bytes += sizeOf(added);
    while (this.#bytes > this.#maxBytes) this.#shift();
    // Moving what is left pays for itself when it is the smaller half.
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Entries from `index` on are gone. */
  truncate(index: number): void {
    for (;;) {
      const last = this.#entries.length > this.#head ? this.#entries.at(-1) : undefined;
      if (last === undefined || last.entry.index < index) return;
      this.#entries.pop();
      this.#bytes -= sizeOf(last);
    }
  }

  /** Entries up to `index` are gone. */
  compact(index: number): void {
    while ((this.#entries[this.#head]?.entry.index ?? Infinity) <= index) this.#shift();
  }

  #shift(): void {
    const first = this.#entries[this.#head];
    if (first === undefined) return;
    this.#bytes -= sizeOf(first);
    // A place that is no longer used must not keep its entry alive.
    this.#entries[this.#head] = GONE;
    this.#head += 1;
  }
}

const GONE: TailEntry = { entry: { term: 0, index: 0, type: "normal", data: new Uint8Array() }, chain: 0 };

/** What an entry takes beside its data, roughly. */
const OVERHEAD_BYTES = 128;

function sizeOf({ entry }: TailEntry): number {
  return OVERHEAD_BYTES + entry.data.length;
}
