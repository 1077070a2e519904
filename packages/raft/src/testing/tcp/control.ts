/** The frames of a TCP transport's own, beside those that hold messages. */
import type { Message, NodeId } from "../../core/types.ts";
import { RaftError } from "../../errors.ts";
import { WireReader, WireWriter } from "../../wire/fields.ts";
import { FRAME_HEADER_BYTES, writeFrameHeader } from "../../wire/frames.ts";
import { decodeMessage, encodeMessage } from "../../wire/message-codec.ts";

/** The first frame of every connection: who dials whom, and what for. */
export const HELLO = 16;
/** Its answer. */
export const WELCOME = 17;
export const PING = 18;
export const PONG = 19;
export const SNAPSHOT_BEGIN = 20;
export const SNAPSHOT_CHUNK = 21;
export const SNAPSHOT_END = 22;
/** The receiver is still at it. */
export const SNAPSHOT_ALIVE = 23;
export const SNAPSHOT_DONE = 24;
export const SNAPSHOT_REFUSED = 25;

const PURPOSES = ["messages", "snapshot"] as const;
const MAX_CLUSTER_BYTES = 255;
const MAX_REASON_BYTES = 1024;

export interface Hello {
  readonly purpose: (typeof PURPOSES)[number];
  /** Up to 255 bytes. */
  readonly cluster: string;
  readonly from: NodeId;
  readonly to: NodeId;
}

function frame(kind: number, bodyBytes: number): WireWriter {
  const writer = new WireWriter(FRAME_HEADER_BYTES + bodyBytes);
  writeFrameHeader(writer, kind, bodyBytes);
  return writer;
}

/** WELCOME, SNAPSHOT_END, SNAPSHOT_ALIVE and SNAPSHOT_DONE say all by coming. */
export function encodeSignal(kind: number): Uint8Array {
  return frame(kind, 0).done();
}

export function encodeHello({ purpose, cluster, from, to }: Hello): Uint8Array {
  const name = Buffer.from(cluster);
  if (name.length > MAX_CLUSTER_BYTES) throw new RangeError(`the cluster's name is longer than 255 bytes: ${cluster}`);
  const writer = frame(HELLO, 1 + 8 + 8 + name.length);
  writer.u8(PURPOSES.indexOf(purpose));
  writer.count(from);
  writer.count(to);
  writer.data(name);
  return writer.done();
}

/** @throws RaftError `corrupt`. */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new WireReader(body);
  const purpose = PURPOSES[reader.u8()];
  const from = reader.count();
  const to = reader.count();
  if (purpose === undefined || reader.left > MAX_CLUSTER_BYTES) throw new RaftError("corrupt", "no hello of ours");
  return { purpose, cluster: Buffer.from(reader.data(reader.left)).toString(), from, to };
}

/** A PING or PONG; `sequence` says which. */
export function encodeEcho(kind: typeof PING | typeof PONG, sequence: number): Uint8Array {
  const writer = frame(kind, 8);
  writer.count(sequence);
  return writer.done();
}

/** @throws RaftError `corrupt`. */
export function decodeEcho(body: Uint8Array): number {
  const reader = new WireReader(body);
  const sequence = reader.count();
  reader.end();
  return sequence;
}

export function encodeSnapshotBegin(message: Message, contentBytes: number): Uint8Array {
  const encoded = encodeMessage(message);
  const writer = frame(SNAPSHOT_BEGIN, 8 + encoded.length);
  writer.count(contentBytes);
  writer.data(encoded);
  return writer.done();
}

/** @throws RaftError `corrupt`. */
export function decodeSnapshotBegin(body: Uint8Array): { readonly message: Message; readonly contentBytes: number } {
  const reader = new WireReader(body);
  const contentBytes = reader.count();
  return { contentBytes, message: decodeMessage(reader.data(reader.left)) };
}

/** `offset` is where in the contents the chunk stands: one that was lost before it is noticed. */
export function encodeSnapshotChunk(offset: number, chunk: Uint8Array): Uint8Array {
  const writer = frame(SNAPSHOT_CHUNK, 8 + chunk.length);
  writer.count(offset);
  writer.data(chunk);
  return writer.done();
}

/** @throws RaftError `corrupt`. */
export function decodeSnapshotChunk(body: Uint8Array): { readonly offset: number; readonly chunk: Uint8Array } {
  const reader = new WireReader(body);
  return { offset: reader.count(), chunk: reader.data(reader.left) };
}

export function encodeRefusal(reason: string): Uint8Array {
  const text = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  const writer = frame(SNAPSHOT_REFUSED, text.length);
  writer.data(text);
  return writer.done();
}
