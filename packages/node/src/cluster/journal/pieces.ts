/**
 * Batches of records as entries of the journal, none of which is longer than the replicated state takes: a batch that is too long
 * becomes several. The first byte of each, under its seal, tells whether the batch goes on in the next.
 */
import { LIMITS } from "../state/limits.ts";
import { decodeRecords, encodeRecords, type AnyRecord } from "./records.ts";
import { open, seal, SEALED_BYTES } from "./sealing.ts";

const BODY_BYTES = LIMITS.journalRecordBytes - SEALED_BYTES - 1;

/** Of which turn. */
export interface Chapter {
  readonly session: string;
  readonly turn: number;
  readonly key: Uint8Array;
}

/** Entries that hold `records`, the first of which is to be the turn's entry `from`. */
export function sealRecords(chapter: Chapter, from: number, records: readonly AnyRecord[]): readonly Uint8Array[] {
  const { session, turn, key } = chapter;
  const body = encodeRecords(records);
  const sealed: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += BODY_BYTES) {
    const goesOn = at + BODY_BYTES < body.length;
    const piece = Buffer.concat([Buffer.of(goesOn ? 1 : 0), body.subarray(at, at + BODY_BYTES)]);
    sealed.push(seal(key, { session, turn, kind: "record", number: from + sealed.length }, piece));
  }
  return sealed;
}

/** What can be read, up to the first entry that cannot; `isWhole` tells whether that is all. */
export function openRecords(
  chapter: Chapter,
  entries: readonly Uint8Array[],
): { readonly records: readonly AnyRecord[]; readonly isWhole: boolean } {
  const { session, turn, key } = chapter;
  const records: AnyRecord[] = [];
  let body: Uint8Array[] = [];
  for (const [number, entry] of entries.entries()) {
    const piece = open(key, { session, turn, kind: "record", number }, entry);
    if (piece === undefined || piece.length === 0) return { records, isWhole: false };
    body.push(piece.subarray(1));
    if (piece[0] === 1) continue;
    const read = decodeRecords(Buffer.concat(body));
    if (read === undefined) return { records, isWhole: false };
    records.push(...read);
    body = [];
  }
  return { records, isWhole: body.length === 0 };
}
