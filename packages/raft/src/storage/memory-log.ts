/** A log in memory: for tests and simulations, and as the reference every durable log is compared with. */
import { invariant, RaftError } from "../errors.ts";
import type { LogReader } from "../core/storage.ts";
import {
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  limitEntries,
  type ConfState,
  type Entry,
  type HardState,
  type Snapshot,
} from "../core/types.ts";

const NO_SNAPSHOT: Snapshot = { index: 0, term: 0, confState: EMPTY_CONF_STATE, data: new Uint8Array() };

/** Entries after a snapshot, and the hard state. */
export class MemoryLog implements LogReader {
  #hardState: HardState = EMPTY_HARD_STATE;
  #snapshot = NO_SNAPSHOT;
  /** Index and term of the entry before the first; what was compacted last. */
  #before = { index: 0, term: 0 };
  #entries: Entry[] = [];

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.confState };
  }

  firstIndex(): number {
    return this.#before.index + 1;
  }

  lastIndex(): number {
    return this.#before.index + this.#entries.length;
  }

  term(index: number): number {
    if (index === this.#before.index) return this.#before.term;
    if (index < this.#before.index) throw new RaftError("compacted", `index ${index} was compacted away`);
    const entry = this.#entries[index - this.firstIndex()];
    if (entry === undefined) throw new RaftError("unavailable", `index ${index} is beyond the log`);
    return entry.term;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low < this.firstIndex()) throw new RaftError("compacted", `index ${low} was compacted away`);
    if (high > this.lastIndex() + 1) throw new RaftError("unavailable", `index ${high - 1} is beyond the log`);
    return limitEntries(this.#entries.slice(low - this.firstIndex(), high - this.firstIndex()), maxBytes);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** Adds entries in place of whatever stood from their first index on; those already compacted are passed over. */
  append(entries: readonly Entry[]): void {
    const news = entries.filter(({ index }) => index >= this.firstIndex());
    const first = news[0];
    if (first === undefined) return;
    invariant(first.index <= this.lastIndex() + 1, `a gap before entry ${first.index}`);
    this.#entries.splice(first.index - this.firstIndex(), Infinity, ...news);
  }

  /** The log becomes `snapshot`. @throws RaftError `snapshot-out-of-date`. */
  applySnapshot(snapshot: Snapshot): void {
    if (snapshot.index <= this.#snapshot.index) {
      throw new RaftError(
        "snapshot-out-of-date",
        `snapshot ${snapshot.index} is not newer than ${this.#snapshot.index}`,
      );
    }
    this.#snapshot = snapshot;
    this.#before = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
  }

  /** Drops entries up to `index`. @throws RaftError `compacted`, `unavailable`. */
  compact(index: number): void {
    if (index <= this.#before.index) throw new RaftError("compacted", `index ${index} was compacted away`);
    const term = this.term(index);
    this.#entries.splice(0, index - this.#before.index);
    this.#before = { index, term };
  }
}
