/**
 * Binary frames of compressed sound, from a peer to who asked for it: 16 bytes of header as of other audio frames
 * (`audio-frame.ts`), then a piece of an Ogg Opus stream (RFC 7845). The pieces of a stream, joined, are a whole file.
 *
 *     0      1      2..3       4..7      8..11     12..15         16..
 *     'P'    3      480        stream    sequence  0              pages
 */
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from "./audio-frame.ts";

const MAGIC = 0x50;
const KIND_OGG_OPUS = 3;
/** Opus is always decoded at 48 kHz. */
const RATE = 480;

/** A piece of compressed sound. */
export interface OpusFrame {
  readonly stream: number;
  /** Counts up from 0 within a stream. */
  readonly sequence: number;
  /** A piece of an Ogg Opus file. */
  readonly bytes: Uint8Array;
}

/** Encodes a frame. @throws RangeError when it is too large */
export function encodeOpusFrame({ stream, sequence, bytes }: OpusFrame): Uint8Array<ArrayBuffer> {
  const length = FRAME_HEADER_BYTES + bytes.byteLength;
  if (length > MAX_FRAME_BYTES) throw new RangeError(`audio frame of ${length} bytes exceeds ${MAX_FRAME_BYTES}`);
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, KIND_OGG_OPUS);
  view.setUint16(2, RATE, true);
  view.setUint32(4, stream, true);
  view.setUint32(8, sequence, true);
  out.set(bytes, FRAME_HEADER_BYTES);
  return out;
}

/** The frame in `bytes`; undefined when it is of another kind. Never throws. */
export function decodeOpusFrame(bytes: Uint8Array): OpusFrame | undefined {
  if (bytes.byteLength < FRAME_HEADER_BYTES || bytes.byteLength > MAX_FRAME_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== MAGIC || view.getUint8(1) !== KIND_OGG_OPUS) return undefined;
  return {
    stream: view.getUint32(4, true),
    sequence: view.getUint32(8, true),
    bytes: bytes.slice(FRAME_HEADER_BYTES),
  };
}
