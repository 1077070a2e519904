/** The one record that changes with every batch: hard state, and where the log begins and ends. */
import { EMPTY_HARD_STATE, type EntryId, type HardState } from "../core/types.ts";
import { FieldReader, FieldWriter, sealOf } from "./bytes.ts";
import { FORMAT_VERSION } from "./record.ts";

/** An index and the checksum of the record there. */
export interface ChainPoint {
  readonly index: number;
  readonly chain: number;
}

/** State of a log after one batch. */
export interface LogState {
  /** Counts batches. */
  readonly sequence: number;
  readonly hardState: HardState;
  /** The entry before the first: compacted last, or the end of the snapshot. */
  readonly base: EntryId & ChainPoint;
  /** The visible snapshot and the checksum of its file; index 0: none. */
  readonly snapshot: EntryId & { readonly checksum: number };
  readonly last: ChainPoint;
  /** `sequence` of the last batch that replaced entries or the whole log. */
  readonly replacedAt: number;
}

export const FRESH_STATE: LogState = {
  sequence: 1,
  hardState: EMPTY_HARD_STATE,
  base: { index: 0, term: 0, chain: 0 },
  snapshot: { index: 0, term: 0, checksum: 0 },
  last: { index: 0, chain: 0 },
  replacedAt: 0,
};

const STATE_BYTES = 1 + 8 + 3 * 8 + (8 + 8 + 4) + (8 + 8 + 4) + (8 + 4) + 8 + 4;

export function encodeState(state: LogState): Uint8Array {
  const { hardState, base, snapshot, last } = state;
  const fields = new FieldWriter(STATE_BYTES)
    .u8(FORMAT_VERSION)
    .count(state.sequence)
    .count(hardState.term)
    .count(hardState.vote)
    .count(hardState.commit)
    .count(base.index)
    .count(base.term)
    .u32(base.chain)
    .count(snapshot.index)
    .count(snapshot.term)
    .u32(snapshot.checksum)
    .count(last.index)
    .u32(last.chain)
    .count(state.replacedAt);
  fields.seal();
  return fields.bytes;
}

/** Format version of any stored state, also of other versions: the first byte; undefined when its checksum does not match. */
export function stateVersion(bytes: Uint8Array): number | undefined {
  return sealOf(bytes) === undefined ? undefined : bytes[0];
}

/** Undefined when it is damaged. */
export function decodeState(bytes: Uint8Array): LogState | undefined {
  if (bytes.length !== STATE_BYTES || stateVersion(bytes) !== FORMAT_VERSION) return undefined;
  const fields = new FieldReader(bytes.subarray(1));
  return {
    sequence: fields.count(),
    hardState: { term: fields.count(), vote: fields.count(), commit: fields.count() },
    base: { index: fields.count(), term: fields.count(), chain: fields.u32() },
    snapshot: { index: fields.count(), term: fields.count(), checksum: fields.u32() },
    last: { index: fields.count(), chain: fields.u32() },
    replacedAt: fields.count(),
  };
}

/** A log that begins with a snapshot begins its chain with the snapshot's checksum. */
export function baseOf({ index, term, checksum }: LogState["snapshot"]): LogState["base"] {
  return { index, term, chain: checksum };
}
