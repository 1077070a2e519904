/** What a simulated disk would hold after a power cut at its worst: for observers who do not believe what they are told. */
import { EMPTY_HARD_STATE, type HardState } from "../core/types.ts";
import { isRaftError } from "../errors.ts";
import { findHighWater, type HighWater } from "./high-water.ts";
import type { DoubtReason } from "./log-store.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import { decodeRecord } from "./record.ts";
import { decodeState, FRESH_STATE, type LogState } from "./state-record.ts";

/** The synced contents of a disk, as they are at each call. */
export class DurableImage {
  readonly #disk: MemoryDisk;
  #bytes: Uint8Array | undefined;
  #state: LogState = FRESH_STATE;
  /** Terms of records that were read before. */
  readonly #terms = new WeakMap<Uint8Array, number>();

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  /** Empty when there is none, or it is damaged. */
  get hardState(): HardState {
    return this.#current()?.hardState ?? EMPTY_HARD_STATE;
  }

  get lastIndex(): number {
    return this.#current()?.last.index ?? 0;
  }

  get snapshotIndex(): number {
    return this.#current()?.snapshot.index ?? 0;
  }

  /** Writes that were synced and are newer than what the high-water record speaks of: their loss would not be noticed. */
  get unclaimed(): number {
    const state = this.#current();
    const { claim } = this;
    return state === undefined || claim === undefined ? 0 : Math.max(0, state.sequence - claim.sequence);
  }

  /** The doubt that a log opened here would start with, if it found no further one. */
  get doubt(): DoubtReason | undefined {
    return this.claim?.doubt;
  }

  /** What the high-water record speaks of: damage that takes more away than this would not be noticed. */
  get claim(): HighWater | undefined {
    const found = findHighWater(this.#disk.highWater());
    return found.found === "claim" ? found.claim : undefined;
  }

  /** Whether the entry `index` of `term` is here, as itself or as part of what was compacted. */
  holds(index: number, term: number): boolean {
    const state = this.#current();
    if (state === undefined || index > state.last.index) return false;
    if (index <= state.base.index) return index < state.base.index || term === state.base.term;
    return this.#termOf(index) === term;
  }

  #current(): LogState | undefined {
    const bytes = this.#disk.syncedState();
    if (bytes === undefined) return undefined;
    if (bytes !== this.#bytes) {
      const state = decodeState(bytes);
      if (state === undefined) return undefined;
      this.#bytes = bytes;
      this.#state = state;
    }
    return this.#state;
  }

  #termOf(index: number): number | undefined {
    const bytes = this.#disk.syncedRecord(index);
    if (bytes === undefined) return undefined;
    const known = this.#terms.get(bytes);
    if (known !== undefined) return known;
    try {
      const { term } = decodeRecord(bytes, index).entry;
      this.#terms.set(bytes, term);
      return term;
    } catch (error) {
      if (!isRaftError(error, "corrupt")) throw error;
      return undefined;
    }
  }
}
