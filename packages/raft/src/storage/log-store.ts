/**
 * Where a node keeps what it must not forget: hard state, log, snapshot. One interface, on LevelDB (`level-log.ts`) and
 * on a simulated disk (`memory-store.ts`).
 *
 * Reads are synchronous, because the core decides with them; they see a write once its promise is fulfilled. Writes are
 * carried out one after the other, in the order of the calls.
 */
import type { LogReader } from "../core/storage.ts";
import type { ConfState, Entry, HardState, NodeId, Snapshot } from "../core/types.ts";

/** What one Ready asks to be durable. */
export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** In place of whatever stood from their first index on; those already compacted are passed over. */
  readonly entries?: readonly Entry[];
  /** The log becomes this snapshot, before `entries` are added: its `data`, or what was staged before. */
  readonly snapshot?: Snapshot | StagedSnapshot | undefined;
}

export interface WriteOptions {
  /** May be false only when nothing but `hardState.commit` changes, which a node may forget. */
  readonly sync: boolean;
}

/** A snapshot without its contents. */
export type SnapshotMeta = Pick<Snapshot, "index" | "term" | "confState">;

/** A complete snapshot in the temporary area: durable, checksummed, not visible yet. Used once. */
export interface StagedSnapshot extends SnapshotMeta {
  /** Its name in the temporary area. */
  readonly staged: string;
  /** Of the whole file. */
  readonly checksum: number;
  readonly contentBytes: number;
}

/** Takes in the contents of one snapshot. Each call waits for the one before. */
export interface SnapshotWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** All chunks are there, and durable when this returns. */
  finish(): Promise<StagedSnapshot>;
  /** Forgets what was written. */
  abort(): Promise<void>;
}

/** Contents of the visible snapshot. Nothing of it may be believed before the last chunk: the checksum follows it. */
export interface SnapshotContents {
  readonly meta: SnapshotMeta;
  readonly contentBytes: number;
  /** Ends with RaftError `corrupt` when the checksum does not match. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Why a log is in doubt. The order is part of the disk format: only ever add at the end. */
export const DOUBT_REASONS = [
  /** The database does not open, or is gone. */
  "log-damaged",
  /** Older than the high-water record, or than what others know of it: acknowledged writes are missing. */
  "log-behind",
  /** As new as the high-water record, or newer, but not what it speaks of. */
  "log-contradicts",
  /** A record is missing, swapped or flipped. */
  "record-damaged",
  /** The state of the log (term, vote, extent) is missing or flipped. */
  "state-damaged",
  /** The snapshot that the log starts from is missing or does not match its checksum. */
  "snapshot-damaged",
  /** The high-water record is missing, so nothing tells whether something else is. */
  "high-water-missing",
  /** The high-water record is damaged, and not by a torn last write. */
  "high-water-damaged",
] as const;

export type DoubtReason = (typeof DOUBT_REASONS)[number];

/** What opening found. */
export type OpenResult =
  | { readonly state: "intact" }
  | {
      /**
       * Acknowledged writes may be missing: a vote, or entries that this node helped to commit. It must not vote or
       * campaign, but rejoin as a learner; the doubt stays through restarts until {@link LogStore.settleDoubt}.
       */
      readonly state: "doubtful";
      readonly reason: DoubtReason;
      /** For a person: what was found where. */
      readonly detail: string;
      /** What the log holds now: everything before the damage. */
      readonly left: {
        readonly firstIndex: number;
        readonly lastIndex: number;
        readonly term: number;
        readonly vote: NodeId;
      };
    };

/** What a full check found. */
export type Verification =
  | { readonly intact: true; readonly entries: number }
  | { readonly intact: false; readonly index: number; readonly detail: string };

/**
 * A durable log. `entries` and `term` throw RaftError `corrupt` for a record that does not match its checksum: the node
 * must stop then. `snapshot()` has empty `data`: contents are streamed by {@link LogStore.readSnapshot}.
 */
export interface LogStore extends LogReader {
  readonly opened: OpenResult;
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /**
   * One batch, all or nothing; with `sync` it is durable when this returns.
   * @throws RaftError `snapshot-out-of-date` (nothing was written); `storage-failed` (unknown what was: open anew),
   * `closed`. @throws InvariantError for a gap, a term that goes back, or an unsynced write of more than `commit`.
   */
  write(write: LogWrite, options: WriteOptions): Promise<void>;
  /**
   * Drops entries up to `index`, but for the trailing window kept for slow followers; nothing when that is less than was
   * dropped before. @throws InvariantError for an index that no snapshot covers.
   */
  compact(index: number): Promise<void>;
  /** A place to write a snapshot's contents to: of this node's state machine, or as it comes in from a leader. */
  beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter>;
  /**
   * Makes a snapshot of this node's own state machine the visible one; the log keeps its entries.
   * @throws RaftError `snapshot-out-of-date`, `unavailable`.
   */
  saveSnapshot(staged: StagedSnapshot): Promise<void>;
  /** Forgets a staged snapshot that the core had no use for. */
  discardSnapshot(staged: StagedSnapshot): Promise<void>;
  /** @throws RaftError `snapshot-unavailable`. */
  readSnapshot(): Promise<SnapshotContents>;
  /**
   * Reads and checks every record; opening checks only the newest (see the options of each store). After damage was found
   * the log is in doubt: opening it anew keeps what is before the damage.
   */
  verify(signal?: AbortSignal): Promise<Verification>;
  /** Others know of what is missing here though nothing is damaged: opened anew the log is in doubt. */
  doubt?(): Promise<void>;
  /** This node has caught up as a learner and was made a voter again: what it lost no longer matters. */
  settleDoubt(): Promise<void>;
  /** Waits for what is being written, then lets go of the files. May be called twice. */
  close(): Promise<void>;
}
