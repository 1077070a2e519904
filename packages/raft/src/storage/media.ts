/**
 * What a durable log needs of a disk: three small ports. The log's logic (`durable-log.ts`) is the same on LevelDB and
 * files as on the simulated disk, so that what is simulated is what is shipped.
 */

/** One atomic change of the records. */
export interface RecordBatch {
  /** The state record as it is after this batch. */
  readonly state: Uint8Array;
  readonly puts: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  /** Records in `[from, to)` are removed; none of them is among `puts`. */
  readonly remove: { readonly from: number; readonly to: number };
}

/** Records by index, and one state record beside them. */
export interface RecordMedia {
  /** Undefined when there is none. This and the other reads throw RaftError `corrupt` when the disk cannot tell. */
  readState(): Promise<Uint8Array | undefined>;
  /** All or nothing. With `sync`, durable when fulfilled, together with everything before it. */
  write(batch: RecordBatch, sync: boolean): Promise<void>;
  read(index: number): Uint8Array | undefined;
  /** Records that exist in `[low, high)`, ascending, some at a time. */
  scan(low: number, high: number): AsyncIterable<readonly Uint8Array[]>;
  /** Removes records below `index`; need not be durable, and need not happen at all before a crash. */
  clearBelow(index: number): Promise<void>;
  /**
   * Starts anew with records `[from, to)` as they are and `state`, and puts the old database aside for a person to look
   * at: a database that has lost something is not written to again. Durable when fulfilled.
   */
  rebuild(state: Uint8Array, from: number, to: number): Promise<void>;
}

/** A small file of two slots, outside the database. */
export interface HighWaterMedia {
  /** Both slots one after the other; undefined when there is no file. */
  read(): Promise<Uint8Array | undefined>;
  /** Puts the whole file in place atomically and durably. */
  create(bytes: Uint8Array): Promise<void>;
  /**
   * Overwrites one slot. A crash meanwhile may leave a torn slot, but not touch the other. `urgent`: durable when
   * fulfilled; else soon after, so that writers need not wait for it.
   */
  writeSlot(slot: 0 | 1, bytes: Uint8Array, urgent: boolean): Promise<void>;
  /** Whether all that was written is durable; waits for a sync that is under way. @throws what such a sync threw. */
  isSettled(): Promise<boolean>;
}

/** A file being written in the temporary area. */
export interface TemporaryFile {
  readonly name: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Durable and closed when fulfilled. */
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** An open file: stays readable when it is replaced or removed meanwhile, until `close`. */
export interface ReadableFile {
  readonly fileBytes: number;
  /** Bytes from `offset` on, up to `length` of them. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Visible snapshots by name, and a temporary area beside them. */
export interface SnapshotMedia {
  /** `name` is unique among temporary files. */
  begin(name: string): Promise<TemporaryFile>;
  /** A finished temporary file becomes visible as `name`, atomically and durably. */
  publish(temporary: string, name: string): Promise<void>;
  discard(temporary: string): Promise<void>;
  open(name: string): Promise<ReadableFile | undefined>;
  /** Removes visible files but `keep`, and all temporary ones but those in `keepTemporary`. */
  tidy(keep: string | undefined, keepTemporary: ReadonlySet<string>): Promise<void>;
}

/** A disk. */
export interface LogMedia {
  readonly records: RecordMedia;
  readonly highWater: HighWaterMedia;
  readonly snapshots: SnapshotMedia;
  /** Set when the database did not open and was put aside: what it said. */
  readonly damage: string | undefined;
  close(): Promise<void>;
}
