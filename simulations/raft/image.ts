/** What one simulated disk holds for a node: a log, its hard state, and up to two snapshots. */
import type { ConfState, Entry, HardState, LogReader, Snapshot } from "@parley/raft";
import type { Core } from "./core.ts";

/** One atomic write. */
export interface Batch {
  readonly hardState?: HardState | undefined;
  readonly entries?: readonly Entry[];
  /** From the leader: it replaces the log. */
  readonly received?: Snapshot | undefined;
  /** Of the own state machine: the log stays, and so does the snapshot before, as the one to fall back to. */
  readonly taken?: Snapshot;
  /** Entries up to here may go, as far as the older snapshot covers them. */
  readonly compactTo?: number;
}

const NOTHING: Snapshot = {
  index: 0,
  term: 0,
  confState: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  data: new Uint8Array(),
};

export class LogImage implements Omit<LogReader, "snapshot"> {
  readonly #core: Core;
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  snapshot: Snapshot = NOTHING;
  older: Snapshot | undefined;
  /** The entry before the first, which is known by its term only. */
  #before = { index: 0, term: 0 };
  #entries: Entry[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** A member from the beginning: all start from the same empty state machine. */
  static founded(core: Core, snapshot: Snapshot): LogImage {
    const image = new LogImage(core);
    image.write({ hardState: { term: snapshot.term, vote: 0, commit: snapshot.index }, received: snapshot });
    return image;
  }

  clone(): LogImage {
    const copy = new LogImage(this.#core);
    copy.hardState = this.hardState;
    copy.snapshot = this.snapshot;
    copy.older = this.older;
    copy.#before = this.#before;
    copy.#entries = [...this.#entries];
    return copy;
  }

  write(batch: Batch): void {
    if (batch.received !== undefined && batch.received.index > this.snapshot.index) {
      this.snapshot = batch.received;
      this.older = undefined;
      this.#before = { index: batch.received.index, term: batch.received.term };
      this.#entries = [];
    }
    const first = batch.entries?.find(({ index }) => index > this.#before.index);
    if (batch.entries !== undefined && first !== undefined) {
      if (first.index > this.lastIndex() + 1) throw new Error(`a gap on the disk before entry ${first.index}`);
      this.#entries.length = first.index - this.firstIndex();
      for (const entry of batch.entries) if (entry.index >= first.index) this.#entries.push(entry);
    }
    if (batch.hardState !== undefined) this.hardState = batch.hardState;
    if (batch.taken !== undefined && batch.taken.index > this.snapshot.index) {
      this.older = this.snapshot;
      this.snapshot = batch.taken;
      // What was applied is committed, whether or not the note of that came to the disk before.
      if (this.hardState.commit < batch.taken.index) {
        this.hardState = { ...this.hardState, commit: batch.taken.index };
      }
    }
    if (batch.compactTo !== undefined) this.#compact(Math.min(batch.compactTo, (this.older ?? this.snapshot).index));
  }

  /** The newest snapshot turns out to be unusable. False when there is no other. */
  fallBack(): boolean {
    if (this.older === undefined) return false;
    this.snapshot = this.older;
    this.older = undefined;
    return true;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.hardState, confState: this.snapshot.confState };
  }

  firstIndex(): number {
    return this.#before.index + 1;
  }

  lastIndex(): number {
    return this.#before.index + this.#entries.length;
  }

  term(index: number): number {
    if (index === this.#before.index) return this.#before.term;
    if (index < this.#before.index) throw new this.#core.RaftError("compacted", `index ${index} was compacted away`);
    const entry = this.#entries[index - this.firstIndex()];
    if (entry === undefined) throw new this.#core.RaftError("unavailable", `index ${index} is beyond the log`);
    return entry.term;
  }

  /** Whether the entry `index` of `term` is here, as itself or as part of what was compacted. */
  holds(index: number, term: number): boolean {
    if (index < this.#before.index) return true;
    return index <= this.lastIndex() && this.term(index) === term;
  }

  before(): { readonly index: number; readonly term: number } {
    return this.#before;
  }

  all(): readonly Entry[] {
    return this.#entries;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    const first = this.firstIndex();
    if (low < first) throw new this.#core.RaftError("compacted", `index ${low} was compacted away`);
    if (high > this.lastIndex() + 1) {
      throw new this.#core.RaftError("unavailable", `index ${high - 1} is beyond the log`);
    }
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < high; index += 1) {
      const entry = this.#entries[index - first];
      if (entry === undefined) break;
      bytes += 12 + entry.data.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  #compact(index: number): void {
    if (index <= this.#before.index) return;
    const term = this.term(index);
    this.#entries.splice(0, index - this.#before.index);
    this.#before = { index, term };
  }
}
