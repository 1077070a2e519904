/**
 * An outbox as bytes: frames of a length (4 bytes, big-endian), a checksum (CRC-32, 4 bytes) and a body. The checksum goes on from
 * that of the frame before: a frame that is flipped does not match itself, one that is missing or swapped does not match the next.
 *
 *     0, format, next sequence (6 bytes), name of the box    the first frame, and no other
 *     1, sequence, when it came (6 bytes each), command      waits
 *     2, sequence                                            all commands up to this one are delivered
 */
import { crc32 } from "node:zlib";
import { LIMITS } from "../state/limits.ts";

const FORMAT = 1;
const HEADER_BYTES = 8;
const UINT_BYTES = 6;
const MAX_BODY_BYTES = LIMITS.commandBytes + 64;
const [HEAD, COMMAND, SETTLED] = [0, 1, 2];

/** A command that was written down. */
export interface Waiting {
  readonly sequence: number;
  /** By the clock of the wall. */
  readonly atMs: number;
  /** As {@link encodeCommand} of `state/` made it. */
  readonly command: Uint8Array;
}

export type OutboxRecord =
  | { readonly kind: "head"; readonly box: string; readonly next: number }
  | ({ readonly kind: "command" } & Waiting)
  | { readonly kind: "settled"; readonly sequence: number };

export interface Framed {
  readonly bytes: Uint8Array;
  /** Checksum of the last frame. */
  readonly chain: number;
}

/** `chain`: the checksum of the frame that these follow; 0: none. */
export function encodeRecords(records: readonly OutboxRecord[], chain: number): Framed {
  const frames: Uint8Array[] = [];
  let last = chain;
  for (const record of records) {
    const body = bodyOf(record);
    last = crc32(body, last);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(body.length);
    header.writeUInt32BE(last, 4);
    frames.push(header, body);
  }
  return { bytes: Buffer.concat(frames), chain: last };
}

function bodyOf(record: OutboxRecord): Uint8Array {
  switch (record.kind) {
    case "head":
      return Buffer.concat([Buffer.of(HEAD, FORMAT), uint(record.next), Buffer.from(record.box)]);
    case "command":
      return Buffer.concat([Buffer.of(COMMAND), uint(record.sequence), uint(record.atMs), record.command]);
    case "settled":
      return Buffer.concat([Buffer.of(SETTLED), uint(record.sequence)]);
  }
}

/** What can be read of an outbox. */
export interface OutboxImage {
  readonly box: string;
  /** No command has had this sequence, or a later one. */
  readonly next: number;
  readonly waiting: readonly Waiting[];
  readonly chain: number;
  /** How many bytes at the end are not as they were written. */
  readonly lostBytes: number;
  /** Whether the format is that of newer software. */
  readonly isNewer: boolean;
}

/** Undefined when not even the first frame can be read. Never throws, whatever the bytes. */
export function readOutbox(bytes: Uint8Array): OutboxImage | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let image: { box: string; next: number; waiting: Waiting[]; isNewer: boolean } | undefined;
  let [at, chain] = [0, 0];
  for (;;) {
    const frame = frameAt(file, at, chain);
    const record = frame && read(frame.body);
    if (frame === undefined || record === undefined || (record.kind === "head") !== (image === undefined)) break;
    if (record.kind === "head") image = { box: record.box, next: record.next, waiting: [], isNewer: record.isNewer };
    else if (image === undefined || !follows(image, record)) break;
    [at, chain] = [frame.end, frame.checksum];
    if (image.isNewer) break;
  }
  return image && { ...image, chain, lostBytes: file.length - at };
}

/** Takes the record in, if it makes sense where it stands. */
function follows(image: { next: number; waiting: Waiting[] }, record: Exclude<ReadRecord, { kind: "head" }>): boolean {
  const { sequence } = record;
  if (record.kind === "command") {
    if (sequence <= (image.waiting.at(-1)?.sequence ?? 0)) return false;
    image.waiting.push({ sequence, atMs: record.atMs, command: record.command });
    image.next = Math.max(image.next, sequence + 1);
    return true;
  }
  if (sequence >= image.next) return false;
  image.waiting = image.waiting.filter((each) => each.sequence > sequence);
  return true;
}

function frameAt(
  file: Buffer,
  at: number,
  chain: number,
): { readonly body: Buffer; readonly checksum: number; readonly end: number } | undefined {
  if (file.length - at < HEADER_BYTES) return undefined;
  const length = file.readUInt32BE(at);
  const checksum = file.readUInt32BE(at + 4);
  const end = at + HEADER_BYTES + length;
  if (length > MAX_BODY_BYTES || end > file.length) return undefined;
  const body = file.subarray(at + HEADER_BYTES, end);
  return crc32(body, chain) === checksum ? { body, checksum, end } : undefined;
}

type ReadRecord =
  Exclude<OutboxRecord, { kind: "head" }> | (OutboxRecord & { readonly kind: "head"; readonly isNewer: boolean });

function read(body: Buffer): ReadRecord | undefined {
  const kind = body[0];
  if (kind === HEAD && body.length > 2 + UINT_BYTES) {
    const box = body.subarray(2 + UINT_BYTES).toString();
    return { kind: "head", box, next: body.readUIntBE(2, UINT_BYTES), isNewer: body[1] !== FORMAT };
  }
  if (kind === SETTLED && body.length === 1 + UINT_BYTES) {
    return { kind: "settled", sequence: body.readUIntBE(1, UINT_BYTES) };
  }
  if (kind !== COMMAND || body.length <= 1 + 2 * UINT_BYTES) return undefined;
  return {
    kind: "command",
    sequence: body.readUIntBE(1, UINT_BYTES),
    atMs: body.readUIntBE(1 + UINT_BYTES, UINT_BYTES),
    command: Uint8Array.from(body.subarray(1 + 2 * UINT_BYTES)),
  };
}

/** Enough until the year 10889, and for 2^48 commands. */
function uint(value: number): Buffer {
  const bytes = Buffer.alloc(UINT_BYTES);
  bytes.writeUIntBE(value, 0, UINT_BYTES);
  return bytes;
}
