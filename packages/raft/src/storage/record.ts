/**
 * One entry as it is stored. Its checksum covers its own content, its index and the checksum of the entry before: a
 * record that is flipped does not match itself, one that is missing or swapped does not match its neighbours.
 */
import { RaftError } from "../errors.ts";
import type { Entry, EntryType } from "../core/types.ts";
import { FieldReader, FieldWriter, sealOf } from "./bytes.ts";

/** Version of everything that is stored. See `migrate` in the options of the log. */
export const FORMAT_VERSION = 1;

/** The order is part of the format: only ever add at the end. */
const TYPES: readonly EntryType[] = ["normal", "conf-change", "conf-change-v2"];
/** Version, type, chain before, index, term, start of the term's run; data; checksum. */
const HEADER_BYTES = 1 + 1 + 4 + 8 + 8 + 8;
const OVERHEAD_BYTES = HEADER_BYTES + 4;

/** A record read back. */
export interface LogRecord {
  readonly entry: Entry;
  /** First index of the entries before it that have its term: with it all terms are found without reading all records. */
  readonly runStart: number;
  /** Checksum of the record before. */
  readonly before: number;
  /** Its own. */
  readonly chain: number;
}

/** `stored` is the entry with its data in `bytes`, so that it does not keep alive the frame it came in. */
export function encodeRecord(
  entry: Entry,
  runStart: number,
  before: number,
): { readonly bytes: Uint8Array; readonly chain: number; readonly stored: Entry } {
  const fields = new FieldWriter(OVERHEAD_BYTES + entry.data.length)
    .u8(FORMAT_VERSION)
    .u8(TYPES.indexOf(entry.type))
    .u32(before)
    .count(entry.index)
    .count(entry.term)
    .count(runStart)
    .data(entry.data);
  const chain = fields.seal();
  const { buffer, byteOffset } = fields.bytes;
  const data = new Uint8Array(buffer, byteOffset + HEADER_BYTES, entry.data.length);
  return { bytes: fields.bytes, chain, stored: { term: entry.term, index: entry.index, type: entry.type, data } };
}

/** The record stored for `index`. The entry's data is a view of `bytes`. @throws RaftError `corrupt`. */
export function decodeRecord(bytes: Uint8Array | undefined, index: number): LogRecord {
  if (bytes === undefined) throw new RaftError("corrupt", `entry ${index} is missing in the log`);
  const chain = bytes.length < OVERHEAD_BYTES ? undefined : sealOf(bytes);
  if (chain === undefined) throw new RaftError("corrupt", `entry ${index} does not match its checksum`);
  const fields = new FieldReader(bytes);
  const version = fields.u8();
  const type = TYPES[fields.u8()];
  const before = fields.u32();
  const stored = fields.count();
  const term = fields.count();
  const runStart = fields.count();
  if (version !== FORMAT_VERSION || type === undefined) {
    throw new RaftError("corrupt", `entry ${index} has format ${version} within a log of format ${FORMAT_VERSION}`);
  }
  if (stored !== index) throw new RaftError("corrupt", `entry ${stored} is stored in the place of entry ${index}`);
  const data = fields.data(bytes.length - OVERHEAD_BYTES);
  return { entry: { term, index, type, data }, runStart, before, chain };
}
