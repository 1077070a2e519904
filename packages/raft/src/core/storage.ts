/** The port through which the core reads what is durable. Writing is the driver's: it carries out each Ready. */
import type { ConfState, Entry, HardState, Snapshot } from "./types.ts";

/**
 * A durable log as the core reads it; synchronous, because every decision may need a term. The entry before
 * `firstIndex` is known by its term only: it is where the last snapshot ends.
 */
export interface LogReader {
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  firstIndex(): number;
  /** `firstIndex() - 1` when the log is empty. */
  lastIndex(): number;
  /** Term of the entry at `index`, from `firstIndex() - 1` on. @throws RaftError `compacted`, `unavailable`. */
  term(index: number): number;
  /**
   * Entries in `[low, high)`, as many as fit `maxBytes` but at least one.
   * @throws RaftError `compacted`, `unavailable`.
   */
  entries(low: number, high: number, maxBytes: number): readonly Entry[];
  /** The latest snapshot. @throws RaftError `snapshot-unavailable` while one is being made. */
  snapshot(): Snapshot;
}
