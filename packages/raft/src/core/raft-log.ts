/** The log as the core sees it: what storage holds, what is on its way there, and how far it is committed and applied. */
import { invariant, isRaftError, RaftError } from "../errors.ts";
import type { LogReader } from "./storage.ts";
import { entriesBytes, limitEntries, type Entry, type EntryId, type Snapshot } from "./types.ts";
import { Unstable } from "./unstable.ts";

/** One node's log. `applied <= applying <= committed <= lastIndex`. */
export class RaftLog {
  readonly storage: LogReader;
  readonly unstable: Unstable;
  committed: number;
  /** Entries up to here have been handed to the state machine. */
  applying: number;
  applied: number;
  readonly #maxApplyingBytes: number;
  #applyingBytes = 0;
  #applyingPaused = false;

  /** `maxApplyingBytes` bounds what is handed to the state machine and not applied yet. */
  constructor(storage: LogReader, maxApplyingBytes: number) {
    this.storage = storage;
    this.#maxApplyingBytes = maxApplyingBytes;
    this.unstable = new Unstable(storage.lastIndex() + 1);
    this.committed = storage.firstIndex() - 1;
    this.applying = this.committed;
    this.applied = this.committed;
  }

  firstIndex(): number {
    return this.unstable.firstIndex() ?? this.storage.firstIndex();
  }

  lastIndex(): number {
    return this.unstable.lastIndex() ?? this.storage.lastIndex();
  }

  lastId(): EntryId {
    const index = this.lastIndex();
    return { index, term: this.term(index) };
  }

  /** Term of the entry at `index`. @throws RaftError `compacted`, `unavailable`. */
  term(index: number): number {
    const unstable = this.unstable.term(index);
    if (unstable !== undefined) return unstable;
    if (index + 1 < this.firstIndex()) throw new RaftError("compacted", `index ${index} was compacted away`);
    if (index > this.lastIndex()) throw new RaftError("unavailable", `index ${index} is beyond the log`);
    return this.storage.term(index);
  }

  /** Term of the entry at `index`, or undefined when the log does not hold it (any more). */
  termIfKnown(index: number): number | undefined {
    // The common miss, and an error would cost more than all else that an append is asked about.
    if (index > this.lastIndex()) return undefined;
    try {
      return this.term(index);
    } catch (error) {
      if (isRaftError(error, "compacted", "unavailable")) return undefined;
      throw error;
    }
  }

  matches(id: EntryId): boolean {
    return this.termIfKnown(id.index) === id.term;
  }

  /** Whether a log that ends with `their` holds at least what this one can have committed (section 3.6.1). */
  isUpToDate(their: EntryId): boolean {
    const ours = this.lastId();
    return their.term > ours.term || (their.term === ours.term && their.index >= ours.index);
  }

  /**
   * Takes `entries` in after `previous`, if the log matches there, and commits what the leader has committed of them.
   * Returns the index of the last entry now known to match; undefined when `previous` does not.
   */
  maybeAppend(previous: EntryId, entries: readonly Entry[], committed: number): number | undefined {
    if (!this.matches(previous)) return undefined;
    const last = previous.index + entries.length;
    const conflict = entries.find((entry) => !this.matches(entry));
    if (conflict !== undefined) {
      invariant(
        conflict.index > this.committed,
        `entry ${conflict.index} conflicts with committed entry ${this.committed}`,
      );
      this.append(entries.slice(conflict.index - previous.index - 1));
    }
    this.commitTo(Math.min(committed, last));
    return last;
  }

  /** Adds entries, replacing what stood from their first index on. Returns the last index. */
  append(entries: readonly Entry[]): number {
    const first = entries[0];
    if (first === undefined) return this.lastIndex();
    invariant(first.index > this.committed, `entry ${first.index} would replace committed entry ${this.committed}`);
    this.unstable.truncateAndAppend(entries);
    return this.lastIndex();
  }

  /**
   * The highest index up to `index` whose term is at most `term`, with that term (0 when it is not known): where logs
   * that conflict at `index` may still agree. Skips a whole term a round trip (section 5.3 of the 2014 paper).
   */
  findConflictByTerm(index: number, term: number): EntryId {
    for (let at = index; at > 0; at -= 1) {
      const ours = this.termIfKnown(at);
      if (ours === undefined) return { index: at, term: 0 };
      if (ours <= term) return { index: at, term: ours };
    }
    return { index: 0, term: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.committed) return;
    invariant(
      index <= this.lastIndex(),
      `commit ${index} is beyond the last index ${this.lastIndex()}: is the log lost?`,
    );
    this.committed = index;
  }

  /** Commits `id` if the entry there is of that term; entries of earlier terms are committed with it (section 3.6.2). */
  maybeCommit(id: EntryId): boolean {
    if (id.term === 0 || id.index <= this.committed || !this.matches(id)) return false;
    this.commitTo(id.index);
    return true;
  }

  /** Entries `[low, high)`, as many as fit `maxBytes` but at least one. @throws RaftError `compacted`. */
  slice(low: number, high: number, maxBytes: number): readonly Entry[] {
    invariant(low <= high && high <= this.lastIndex() + 1, `[${low}, ${high}) is not within the log`);
    if (low < this.firstIndex()) throw new RaftError("compacted", `index ${low} was compacted away`);
    if (low === high) return [];
    const { offset } = this.unstable;
    if (low >= offset) return limitEntries(this.unstable.slice(low, high), maxBytes);
    const cut = Math.min(high, offset);
    const stable = this.storage.entries(low, cut, maxBytes);
    invariant(stable.length <= cut - low, "storage gave more entries than were asked for");
    if (high <= offset || stable.length < cut - low) return stable;
    const bytes = entriesBytes(stable);
    if (bytes >= maxBytes) return stable;
    const rest = limitEntries(this.unstable.slice(offset, high), maxBytes - bytes);
    // The first of the rest comes whole even when it does not fit; here it need not.
    if (rest.length === 1 && bytes + entriesBytes(rest) > maxBytes) return stable;
    return [...stable, ...rest];
  }

  /** Entries from `index` on. */
  entriesFrom(index: number, maxBytes: number): readonly Entry[] {
    return index > this.lastIndex() ? [] : this.slice(index, this.lastIndex() + 1, maxBytes);
  }

  /** Committed entries that the state machine was not handed yet. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const room = this.#maxApplyingBytes - this.#applyingBytes;
    invariant(room > 0, "applying is not paused although there is no room");
    return this.slice(this.applying + 1, this.#appliable(allowUnstable) + 1, room);
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot on its way to storage comes before whatever follows it.
    if (this.#applyingPaused || this.unstable.snapshot !== undefined) return false;
    return this.#appliable(allowUnstable) > this.applying;
  }

  /** `index` and `bytes` of entries were handed to the state machine. */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    invariant(index <= this.committed, `applying ${index} beyond commit ${this.committed}`);
    this.applying = index;
    this.#applyingBytes += bytes;
    // Also paused when the byte limit cut the batch short: what is left waits until something was applied.
    this.#applyingPaused = this.#applyingBytes >= this.#maxApplyingBytes || index < this.#appliable(allowUnstable);
  }

  /** The state machine has applied up to `index`, `bytes` of entries since its last word. */
  appliedTo(index: number, bytes: number): void {
    invariant(
      index <= this.committed && index >= this.applied,
      `applied ${index} is outside [${this.applied}, ${this.committed}]`,
    );
    this.applied = index;
    this.applying = Math.max(this.applying, index);
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes);
    this.#applyingPaused = this.#applyingBytes >= this.#maxApplyingBytes;
  }

  /** Whether there is a membership change in `(after, upTo]`. @throws RaftError `compacted`. */
  holdsConfChange(after: number, upTo: number, maxBytes: number): boolean {
    for (let index = after + 1; index <= upTo;) {
      const entries = this.slice(index, upTo + 1, maxBytes);
      if (entries.some(({ type }) => type !== "normal")) return true;
      index += entries.length;
    }
    return false;
  }

  /** The log becomes `snapshot` and nothing else. */
  restore(snapshot: Snapshot): void {
    this.committed = snapshot.index;
    this.unstable.restore(snapshot);
  }

  /** The latest snapshot, durable or not. @throws RaftError `snapshot-unavailable`. */
  snapshot(): Snapshot {
    return this.unstable.snapshot ?? this.storage.snapshot();
  }

  #appliable(allowUnstable: boolean): number {
    return allowUnstable ? this.committed : Math.min(this.committed, this.unstable.offset - 1);
  }
}
