/**
 * The high-water record: what was acknowledged, kept outside the database, because LevelDB drops damaged tails of its
 * log without a word.
 *
 * Order for every acknowledged write: the database is synced, then this record is written, then the promise is given.
 * - It never claims more than the database holds after a clean crash: when it is written, the database is synced.
 * - It never claims less than was acknowledged, as long as the system lives. A claim with another term or vote is synced
 *   before the promise. One that only speaks of more entries is synced some milliseconds later, which spares every
 *   proposal a second sync: should the power fail within that time, and the database lose its synced tail as well, the
 *   loss of those last entries would go unnoticed.
 * - A crash between the two leaves a database that is ahead. That is no loss, and opening raises the record before anyone
 *   reads the log: a follower acknowledges entries it already has without writing anything.
 * - A batch that replaces a conflicting suffix takes away entries this record speaks of. The batch says so itself
 *   (`replacedAt`), so a database that is ahead by a replacement need not hold them.
 *
 * Two slots are written in turn, the next one only when the last is durable, so that a torn write leaves the one before. A torn slot means that the database was
 * already synced for it, so it must be ahead of the slot that is left; if it is not, the slot was damaged otherwise.
 */
import type { HardState } from "../core/types.ts";
import { FieldReader, FieldWriter, sealOf } from "./bytes.ts";
import { DOUBT_REASONS, type DoubtReason } from "./log-store.ts";
import { FORMAT_VERSION } from "./record.ts";
import type { ChainPoint, LogState } from "./state-record.ts";

/** Each slot starts on a page of its own, so that tearing one cannot touch the other. */
export const SLOT_BYTES = 4096;

const RECORD_BYTES = 1 + 1 + 8 + 8 + 8 + 8 + (8 + 4) + 4;

/** One claim. */
export interface HighWater {
  /** Counts the claims; even ones are in slot 0. */
  readonly generation: number;
  /** `LogState.sequence` that it speaks of. */
  readonly sequence: number;
  readonly term: number;
  readonly vote: HardState["vote"];
  readonly last: ChainPoint;
  /** Set while the log is in doubt. */
  readonly doubt: DoubtReason | undefined;
}

/** What is in the file. */
export type HighWaterFound =
  | { readonly found: "missing" }
  | { readonly found: "damaged" }
  /** `isAlone`: the other slot does not decode. */
  | { readonly found: "claim"; readonly claim: HighWater; readonly isAlone: boolean };

export function claimOf(state: LogState, generation: number, doubt: DoubtReason | undefined): HighWater {
  const { sequence, hardState, last } = state;
  return { generation, sequence, term: hardState.term, vote: hardState.vote, last, doubt };
}

export function slotOf({ generation }: HighWater): 0 | 1 {
  return generation % 2 === 0 ? 0 : 1;
}

/** Whether the promise has to wait until `next` is durable: a forgotten vote could be given twice. */
export function isUrgent(before: HighWater, next: HighWater): boolean {
  return next.term !== before.term || next.vote !== before.vote || next.doubt !== before.doubt;
}

export function encodeHighWater(claim: HighWater): Uint8Array {
  const fields = new FieldWriter(RECORD_BYTES)
    .u8(FORMAT_VERSION)
    .u8(claim.doubt === undefined ? 0 : DOUBT_REASONS.indexOf(claim.doubt) + 1)
    .count(claim.generation)
    .count(claim.sequence)
    .count(claim.term)
    .count(claim.vote)
    .count(claim.last.index)
    .u32(claim.last.chain);
  fields.seal();
  return fields.bytes;
}

/** A whole file: `claim`, and the one before it in the other slot. */
export function encodeHighWaterFile(claim: HighWater): Uint8Array {
  const bytes = new Uint8Array(2 * SLOT_BYTES);
  const twin = { ...claim, generation: claim.generation - 1 };
  for (const each of [twin, claim]) bytes.set(encodeHighWater(each), slotOf(each) * SLOT_BYTES);
  return bytes;
}

export function findHighWater(file: Uint8Array | undefined): HighWaterFound {
  if (file === undefined) return { found: "missing" };
  const [first, second] = [0, 1].map((slot) =>
    decodeHighWater(file.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + RECORD_BYTES)),
  );
  if (first === undefined || second === undefined) {
    const claim = first ?? second;
    return claim === undefined ? { found: "damaged" } : { found: "claim", claim, isAlone: true };
  }
  if (Math.abs(first.generation - second.generation) !== 1) return { found: "damaged" };
  return { found: "claim", claim: first.generation > second.generation ? first : second, isAlone: false };
}

function decodeHighWater(bytes: Uint8Array): HighWater | undefined {
  if (bytes.length !== RECORD_BYTES || sealOf(bytes) === undefined) return undefined;
  const fields = new FieldReader(bytes);
  if (fields.u8() !== FORMAT_VERSION) return undefined;
  const doubt = fields.u8();
  return {
    generation: fields.count(),
    sequence: fields.count(),
    term: fields.count(),
    vote: fields.count(),
    last: { index: fields.count(), chain: fields.u32() },
    doubt: doubt === 0 ? undefined : (DOUBT_REASONS[doubt - 1] ?? "high-water-damaged"),
  };
}
