/**
 * A simulated disk: what was synced stays, what was not may go with a crash, and a test can make it slow, full or lie. It
 * waits for nothing of its own, so that a run repeats exactly when its {@link DiskFaults} do.
 */
import { invariant, RaftError } from "../errors.ts";
import { SLOT_BYTES } from "./high-water.ts";
import type { HighWaterMedia, LogMedia, RecordBatch, RecordMedia, SnapshotMedia } from "./media.ts";

export type DiskOperation = "records" | "records-sync" | "high-water" | "snapshot-write" | "snapshot-publish";

/** What goes wrong. Every hook is optional. */
export interface DiskFaults {
  /** A slow disk: the operation goes on when this is fulfilled. A crash may come meanwhile. */
  readonly delay?: (operation: DiskOperation) => Promise<void>;
  /** A full or failing disk: the operation fails with this error, having done nothing or part of it. */
  readonly fail?: (operation: DiskOperation) => Error | undefined;
  /** Read corruption: what is read in place of `bytes`. */
  readonly read?: (index: number, bytes: Uint8Array) => Uint8Array | undefined;
}

/** What stood in the place of a batch. */
interface Undo {
  readonly state: Uint8Array | undefined;
  readonly records: ReadonlyMap<number, Uint8Array | undefined>;
}

interface Temporary {
  readonly parts: Uint8Array[];
  isFinished: boolean;
}

/** Claims that are not urgent after which they are synced. */
const SETTLE_AFTER = 3;
/** A claim is smaller than this. */
const TORN_WITHIN_BYTES = 64;
/** How many synced batches a disk can be made to lose. */
const HISTORY = 32;

export class MemoryDisk {
  faults: DiskFaults;
  readonly #records = new Map<number, Uint8Array>();
  #state: Uint8Array | undefined;
  #highWater: Uint8Array | undefined;
  #slotInFlight: { readonly slot: 0 | 1; readonly bytes: Uint8Array } | undefined;
  /** A slot that a power cut may bring back to what it was, or tear. */
  #unsettled: { readonly slot: 0 | 1; readonly before: Uint8Array; readonly writes: number } | undefined;
  #settling: Promise<void> | undefined;
  #settleFailure: unknown;
  readonly #visible = new Map<string, Uint8Array>();
  #temporary = new Map<string, Temporary>();
  readonly #unsynced: Undo[] = [];
  readonly #synced: Undo[] = [];
  /** Who opened it before a crash is talking to a disk that is no longer there. */
  #epoch = 0;
  #isOpen = false;

  constructor(faults: DiskFaults = {}) {
    this.faults = faults;
  }

  /** @throws RaftError `locked`. */
  open(): LogMedia {
    if (this.#isOpen) throw new RaftError("locked", "the simulated disk is in use");
    this.#isOpen = true;
    const epoch = this.#epoch;
    const alive = (): void => {
      if (this.#epoch !== epoch) throw new RaftError("closed", "the power went out");
    };
    return {
      records: this.#recordMedia(alive),
      highWater: this.#highWaterMedia(alive),
      snapshots: this.#snapshotMedia(alive),
      damage: undefined,
      close: async () => {
        if (this.#epoch !== epoch) return;
        this.#isOpen = false;
        this.#unsettled = undefined;
      },
    };
  }

  /**
   * Power loss. Of unsynced batches a prefix survives, of a slot being written nothing, a part or all; `random` (in
   * [0, 1)) decides. What was synced stays.
   */
  crash(random: () => number): void {
    this.#epoch += 1;
    this.#isOpen = false;
    const survivors = Math.floor(random() * (this.#unsynced.length + 1));
    for (const undo of this.#unsynced.splice(survivors).toReversed()) this.#undo(undo);
    this.#remember();
    this.#losePartOfSlot(random);
    if (this.#slotInFlight !== undefined) {
      const { slot, bytes } = this.#slotInFlight;
      this.#putSlot(slot, bytes.subarray(0, Math.floor(random() * (bytes.length + 1))));
    }
    this.#slotInFlight = undefined;
    this.#temporary = new Map();
  }

  /** Of a slot that was not durable yet stays what was there before, all, or a part. */
  #losePartOfSlot(random: () => number): void {
    const unsettled = this.#unsettled;
    this.#unsettled = undefined;
    this.#settling = undefined;
    this.#settleFailure = undefined;
    if (unsettled === undefined) return;
    const now = this.#slot(unsettled.slot);
    const kept = Math.floor(random() * 3);
    if (kept === 0) this.#putSlot(unsettled.slot, unsettled.before);
    else if (kept === 1) this.#putSlot(unsettled.slot, torn(unsettled.before, now, random()));
  }

  /** Silent loss of the newest `batches` that were synced, as LevelDB loses a damaged tail. */
  loseSynced(batches: number): void {
    invariant(this.#unsynced.length === 0 && batches <= this.#synced.length, "there is no such history to lose");
    for (const undo of this.#synced.splice(this.#synced.length - batches).toReversed()) this.#undo(undo);
  }

  /** How many batches {@link loseSynced} can lose. */
  get losable(): number {
    return this.#synced.length;
  }

  /** The state record as it would be if the power went out now, and nothing unsynced survived. */
  syncedState(): Uint8Array | undefined {
    const [first] = this.#unsynced;
    return first === undefined ? this.#state : first.state;
  }

  /** The same of a record of the log. */
  syncedRecord(index: number): Uint8Array | undefined {
    const first = this.#unsynced.find(({ records }) => records.has(index));
    return first === undefined ? this.#records.get(index) : first.records.get(index);
  }

  /** The high-water record as it stands. */
  highWater(): Uint8Array | undefined {
    return this.#highWater;
  }

  /** Silent loss of one record, or a flip within it. */
  damageRecord(index: number, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    const bytes = this.#records.get(index);
    invariant(bytes !== undefined, `there is no record ${index}`);
    const changed = change(copyOf(bytes));
    if (changed === undefined) this.#records.delete(index);
    else this.#records.set(index, changed);
  }

  damageState(change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    this.#state = this.#state === undefined ? undefined : change(copyOf(this.#state));
  }

  damageHighWater(change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    this.#highWater = this.#highWater === undefined ? undefined : change(copyOf(this.#highWater));
  }

  damageSnapshots(change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    for (const [name, bytes] of this.#visible) {
      const changed = change(copyOf(bytes));
      if (changed === undefined) this.#visible.delete(name);
      else this.#visible.set(name, changed);
    }
  }

  #recordMedia(alive: () => void): RecordMedia {
    return {
      readState: async () => this.#state,
      write: async (batch, sync) => {
        alive();
        await this.#pass("records", alive);
        this.#unsynced.push(this.#apply(batch));
        if (!sync) return;
        await this.#pass("records-sync", alive);
        this.#remember();
      },
      read: (index) => {
        alive();
        return this.#readRecord(index);
      },
      scan: (low, high) => this.#scan(low, high),
      clearBelow: async (index) => {
        alive();
        for (const each of this.#records.keys()) if (each < index) this.#records.delete(each);
      },
      rebuild: async (state, from, to) => {
        alive();
        this.#state = state;
        for (const each of this.#records.keys()) if (each < from || each >= to) this.#records.delete(each);
        this.#unsynced.length = 0;
        this.#synced.length = 0;
      },
    };
  }

  #readRecord(index: number): Uint8Array | undefined {
    const bytes = this.#records.get(index);
    return bytes === undefined || this.faults.read === undefined ? bytes : this.faults.read(index, bytes);
  }

  async *#scan(low: number, high: number): AsyncIterable<readonly Uint8Array[]> {
    const page: Uint8Array[] = [];
    for (let index = low; index < high; index += 1) {
      const bytes = this.#readRecord(index);
      if (bytes !== undefined) page.push(bytes);
    }
    if (page.length > 0) yield page;
  }

  /** Carries a batch out, and says how it is undone. */
  #apply({ state, puts, remove }: RecordBatch): Undo {
    const undo = { state: this.#state, records: new Map<number, Uint8Array | undefined>() };
    const { records } = undo;
    for (const { index, bytes } of puts) {
      records.set(index, this.#records.get(index));
      this.#records.set(index, copyOf(bytes));
    }
    for (let index = remove.from; index < remove.to; index += 1) {
      records.set(index, this.#records.get(index));
      this.#records.delete(index);
    }
    this.#state = state;
    return undo;
  }

  /** What was unsynced is on the platter now. */
  #remember(): void {
    this.#synced.push(...this.#unsynced.splice(0));
    this.#synced.splice(0, this.#synced.length - HISTORY);
  }

  #undo({ state, records }: Undo): void {
    this.#state = state;
    for (const [index, bytes] of records) {
      if (bytes === undefined) this.#records.delete(index);
      else this.#records.set(index, bytes);
    }
  }

  #highWaterMedia(alive: () => void): HighWaterMedia {
    return {
      read: async () => this.#highWater,
      create: async (bytes) => {
        alive();
        await this.#pass("high-water", alive);
        this.#highWater = copyOf(bytes);
      },
      writeSlot: async (slot, bytes, urgent) => {
        alive();
        if (urgent) {
          this.#slotInFlight = { slot, bytes };
          await this.#pass("high-water", alive);
        }
        this.#unsettled = urgent
          ? undefined
          : { slot, before: this.#unsettled?.before ?? this.#slot(slot), writes: (this.#unsettled?.writes ?? 0) + 1 };
        this.#slotInFlight = undefined;
        this.#putSlot(slot, bytes);
        if (this.#unsettled !== undefined && this.#unsettled.writes >= SETTLE_AFTER) this.#settleLater(alive);
      },
      isSettled: async () => {
        await this.#settling;
        if (this.#settleFailure !== undefined) throw this.#settleFailure;
        return this.#unsettled === undefined;
      },
    };
  }

  #settleLater(alive: () => void): void {
    this.#settling ??= this.#settle(alive);
  }

  async #settle(alive: () => void): Promise<void> {
    const epoch = this.#epoch;
    try {
      await this.#pass("high-water", alive);
      this.#unsettled = undefined;
    } catch (error) {
      // Of a life that is over, nobody is to hear.
      if (this.#epoch === epoch) this.#settleFailure = error;
    }
    if (this.#epoch === epoch) this.#settling = undefined;
  }

  #slot(slot: 0 | 1): Uint8Array {
    return copyOf(this.#highWater?.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES) ?? new Uint8Array());
  }

  #putSlot(slot: 0 | 1, bytes: Uint8Array): void {
    invariant(this.#highWater !== undefined, "the high-water record was never made");
    this.#highWater.set(bytes, slot * SLOT_BYTES);
  }

  #snapshotMedia(alive: () => void): SnapshotMedia {
    return {
      begin: async (name) => {
        alive();
        const file: Temporary = { parts: [], isFinished: false };
        // A crash puts another map in its place, which those of before must not touch.
        const temporary = this.#temporary;
        invariant(!temporary.has(name), `there is a temporary file ${name} already`);
        temporary.set(name, file);
        return {
          name,
          write: async (bytes) => {
            await this.#pass("snapshot-write", alive);
            file.parts.push(copyOf(bytes));
          },
          finish: async () => {
            await this.#pass("snapshot-write", alive);
            file.isFinished = true;
          },
          abort: async () => {
            temporary.delete(name);
          },
        };
      },
      publish: async (temporary, name) => {
        await this.#pass("snapshot-publish", alive);
        const file = this.#temporary.get(temporary);
        invariant(file?.isFinished === true, `there is no finished temporary file ${temporary}`);
        this.#temporary.delete(temporary);
        this.#visible.set(name, Buffer.concat(file.parts));
      },
      discard: async (temporary) => {
        alive();
        this.#temporary.delete(temporary);
      },
      open: async (name) => {
        const bytes = this.#visible.get(name);
        if (bytes === undefined) return undefined;
        return {
          fileBytes: bytes.length,
          read: async (offset, length) => bytes.subarray(offset, offset + length),
          close: async () => undefined,
        };
      },
      tidy: async (keep, keepTemporary) => {
        alive();
        for (const name of this.#visible.keys()) if (name !== keep) this.#visible.delete(name);
        for (const name of this.#temporary.keys()) if (!keepTemporary.has(name)) this.#temporary.delete(name);
      },
    };
  }

  /** Waits and fails as the faults will; what was waiting while the power went out never happens. */
  async #pass(operation: DiskOperation, alive: () => void): Promise<void> {
    await this.faults.delay?.(operation);
    alive();
    const error = this.faults.fail?.(operation);
    if (error !== undefined) throw error;
  }
}

/** `before`, written over with a part of `now`. */
function torn(before: Uint8Array, now: Uint8Array, share: number): Uint8Array {
  const mixed = copyOf(before);
  mixed.set(now.subarray(0, Math.floor(share * TORN_WITHIN_BYTES)));
  return mixed;
}

/** Not `slice`: a Buffer's would be a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
