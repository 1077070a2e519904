/** The frames of a snapshot's stream: kind in the first byte, then what it says. */
import { decodeMessage, encodeMessage, isRaftError, type Message } from "@parley/raft";
import { PeerError } from "../../../errors.ts";

export const SNAPSHOT_PROTOCOL = "/parley/raft-snapshot/1";
/** Contents are cut into chunks of this, so that answers are heard between them. */
export const MAX_CHUNK_BYTES = 256 * 1024;
const MAX_REASON_BYTES = 1024;

const BEGIN = 1;
const CHUNK = 2;
const END = 3;
const BUSY = 4;
const DONE = 5;
const REFUSED = 6;

export type SnapshotFrame =
  /** The sender's first. */
  | { readonly type: "begin"; readonly message: Message; readonly contentBytes: number }
  | { readonly type: "chunk"; readonly chunk: Uint8Array }
  | { readonly type: "end" }
  /** The receiver is still at it. */
  | { readonly type: "busy" }
  /** It has taken all of it in. */
  | { readonly type: "done" }
  | { readonly type: "refused"; readonly reason: string };

/** In pieces, so that chunks are not copied. */
export function encodeSnapshotFrame(frame: SnapshotFrame): readonly Uint8Array[] {
  switch (frame.type) {
    case "begin": {
      const head = Buffer.alloc(9, BEGIN);
      head.writeBigUInt64BE(BigInt(frame.contentBytes), 1);
      return [head, encodeMessage(frame.message)];
    }
    case "chunk":
      return [Uint8Array.of(CHUNK), frame.chunk];
    case "end":
      return [Uint8Array.of(END)];
    case "busy":
      return [Uint8Array.of(BUSY)];
    case "done":
      return [Uint8Array.of(DONE)];
    case "refused":
      return [Uint8Array.of(REFUSED), Buffer.from(frame.reason).subarray(0, MAX_REASON_BYTES)];
  }
}

/** @throws PeerError `bad-frame`. */
export function decodeSnapshotFrame(frame: Uint8Array): SnapshotFrame {
  const [kind] = frame;
  const rest = frame.subarray(1);
  if (kind === BEGIN) return decodeBegin(rest);
  if (kind === CHUNK) return { type: "chunk", chunk: rest };
  if (kind === REFUSED && rest.length <= MAX_REASON_BYTES) {
    return { type: "refused", reason: Buffer.from(rest).toString() };
  }
  if (rest.length === 0 && kind === END) return { type: "end" };
  if (rest.length === 0 && kind === BUSY) return { type: "busy" };
  if (rest.length === 0 && kind === DONE) return { type: "done" };
  throw badSnapshot(`a frame that begins with ${kind}`);
}

export function badSnapshot(why: string, cause?: unknown): PeerError {
  return new PeerError("bad-frame", `a snapshot of Raft came otherwise than it should: ${why}`, {
    nextStep: "Check that both peers run the same version.",
    cause,
  });
}

function decodeBegin(bytes: Uint8Array): SnapshotFrame {
  if (bytes.length < 8) throw badSnapshot("its beginning is cut off");
  const contentBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
  if (!Number.isSafeInteger(contentBytes)) throw badSnapshot(`it claims ${contentBytes} bytes`);
  try {
    return { type: "begin", contentBytes, message: decodeMessage(bytes.subarray(8)) };
  } catch (cause) {
    if (!isRaftError(cause, "corrupt")) throw cause;
    throw badSnapshot(cause.message, cause);
  }
}
