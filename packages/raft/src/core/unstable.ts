/** Entries and a snapshot that are not durable yet: what the next Ready will hand to storage. */
import { invariant } from "../errors.ts";
import type { Entry, EntryId, Snapshot } from "./types.ts";

/** The part of the log after what storage holds. `offset` is the index of its first entry. */
export class Unstable {
  snapshot: Snapshot | undefined;
  entries: Entry[] = [];
  offset: number;
  /** Entries before this index have been handed to storage and wait for its word. */
  #offsetInProgress: number;
  #snapshotInProgress = false;

  constructor(offset: number) {
    this.offset = offset;
    this.#offsetInProgress = offset;
  }

  /** The first index this part knows of, if it alone decides that. */
  firstIndex(): number | undefined {
    return this.snapshot === undefined ? undefined : this.snapshot.index + 1;
  }

  lastIndex(): number | undefined {
    if (this.entries.length > 0) return this.offset + this.entries.length - 1;
    return this.snapshot?.index;
  }

  term(index: number): number | undefined {
    if (index < this.offset) return this.snapshot?.index === index ? this.snapshot.term : undefined;
    return this.entries[index - this.offset]?.term;
  }

  /** Entries that were not handed to storage yet. */
  nextEntries(): readonly Entry[] {
    return this.entries.slice(this.#offsetInProgress - this.offset);
  }

  get hasNextEntries(): boolean {
    return this.entries.length > this.#offsetInProgress - this.offset;
  }

  /** The snapshot, unless it was handed to storage already. */
  nextSnapshot(): Snapshot | undefined {
    return this.#snapshotInProgress ? undefined : this.snapshot;
  }

  /** Everything here has been handed to storage. */
  acceptInProgress(): void {
    const last = this.entries.at(-1);
    if (last !== undefined) this.#offsetInProgress = last.index + 1;
    if (this.snapshot !== undefined) this.#snapshotInProgress = true;
  }

  /**
   * Storage holds the log up to `id`. Its word may be late: entries that were replaced meanwhile, which the term tells,
   * are not what it speaks of.
   */
  stableTo(id: EntryId): void {
    if (id.index < this.offset || this.term(id.index) !== id.term) return;
    this.entries = this.entries.slice(id.index + 1 - this.offset);
    this.offset = id.index + 1;
    this.#offsetInProgress = Math.max(this.#offsetInProgress, this.offset);
  }

  /** Storage holds the snapshot at `index`. */
  stableSnapshotTo(index: number): void {
    if (this.snapshot?.index !== index) return;
    this.snapshot = undefined;
    this.#snapshotInProgress = false;
  }

  /** The whole log is replaced by `snapshot`. */
  restore(snapshot: Snapshot): void {
    this.offset = snapshot.index + 1;
    this.#offsetInProgress = this.offset;
    this.entries = [];
    this.snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Adds `entries`, in place of whatever stood from their first index on. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const from = entries[0]?.index;
    invariant(from !== undefined, "nothing to append");
    if (from === this.offset + this.entries.length) {
      for (const entry of entries) this.entries.push(entry);
    } else if (from <= this.offset) {
      // Also what storage holds from there on is replaced: it is told anew.
      this.entries = [...entries];
      this.offset = from;
      this.#offsetInProgress = from;
    } else {
      invariant(from < this.offset + this.entries.length, `a gap before index ${from}`);
      this.entries = [...this.entries.slice(0, from - this.offset), ...entries];
      this.#offsetInProgress = Math.min(this.#offsetInProgress, from);
    }
  }

  slice(low: number, high: number): readonly Entry[] {
    invariant(
      low >= this.offset && low <= high && high <= this.offset + this.entries.length,
      `[${low}, ${high}) is not within the unstable log`,
    );
    return this.entries.slice(low - this.offset, high - this.offset);
  }
}
