/** What every frame begins with: `u8 version · u8 kind · u32 sequence`, big-endian like all that follows. */
import { ActorError } from "../../errors.ts";

/** The version this build speaks best, and the oldest it still understands. */
export const WIRE_VERSION = 1;
export const OLDEST_WIRE_VERSION = 1;

/** What a connection begins in, before its ends know what both of them speak. */
export const FIRST_WIRE_VERSION = 1;

export const HEADER_BYTES = 6;

/** What frames are. Numbers are never given twice. */
export const KIND = {
  hello: 1,
  welcome: 2,
  reject: 3,
  ready: 4,
  heartbeat: 5,
  goodbye: 6,
  tell: 16,
  offer: 17,
  answer: 18,
  refused: 19,
  watch: 20,
  unwatch: 21,
  terminated: 22,
  /** Whatever else comes over the connection of lane `control` is heard as well, so heartbeats may be left out there. */
  hearsTalk: 128,
} as const;

/** Frames of an unknown kind from here on are passed over; so a newer peer may say more than an older one understands. */
export const FIRST_IGNORABLE_KIND = 128;

const SEQUENCE_AT = 2;

export interface Header {
  readonly version: number;
  readonly kind: number;
  /** Counts the frames of one lane of one connection, from 0, modulo 2^32. */
  readonly sequence: number;
}

/** @throws ActorError `bad-message` */
export function readHeader(frame: Uint8Array): Header {
  const [version, kind] = frame;
  if (version === undefined || kind === undefined || frame.length < HEADER_BYTES) {
    throw new ActorError("bad-message", `a frame of ${frame.length} bytes has no header`);
  }
  return { version, kind, sequence: readUint32(frame, SEQUENCE_AT) };
}

/** The rest is added by {@link stamp} when the frame gets its place in a lane. */
export function writeHeader(frame: Uint8Array, kind: number): void {
  frame[0] = FIRST_WIRE_VERSION;
  frame[1] = kind;
}

/** @param version the one that both ends of the connection have agreed on */
export function stamp(frame: Uint8Array, version: number, sequence: number): void {
  frame[0] = version;
  writeUint32(frame, SEQUENCE_AT, sequence);
}

/** A frame of `bodyBytes` after its header, zeroed. */
export function newFrame(kind: number, bodyBytes: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + bodyBytes);
  writeHeader(frame, kind);
  return frame;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// Frames are small and many: a view of each would cost more than all that is read through it.

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  writeUint16(bytes, at, value >>> 16);
  writeUint16(bytes, at + 2, value & 0xffff);
}

/** The next sequence after `sequence`. */
export function following(sequence: number): number {
  return (sequence + 1) >>> 0;
}

/** How far `sequence` is past `other`, negative when it is before: they are never 2^31 apart. */
export function distance(sequence: number, other: number): number {
  return (sequence - other) | 0;
}
