/** The door's messages as bytes, and back: nothing of what strangers send is believed before it was checked. */
import { Packr } from "msgpackr";
import type * as z from "zod";
import { PeerError } from "../../../errors.ts";
import { readPlain } from "../../wire/plain.ts";
import { MAX_FRAME_BYTES } from "../frame-stream.ts";

const packr = new Packr({ useRecords: false });

/** Deeper than any of the door's messages. */
const MAX_DEPTH = 8;

/** One message as a frame. */
export function encode(message: Readonly<Record<string, unknown>>): Uint8Array {
  // The packer's buffer is its own and shared: frames are copies.
  return Uint8Array.from(packr.pack(message));
}

/**
 * The message that `frame` holds. Bytes in it are views of the frame.
 * @throws PeerError `peer-misbehaved` when it holds anything else than `schema` says
 */
export function decode<T>(schema: z.ZodType<T>, frame: Uint8Array): T {
  const plain = frame.length > MAX_FRAME_BYTES ? undefined : readPlain(frame, MAX_DEPTH);
  if (plain === undefined) throw misbehaved("bytes that are no message");
  const parsed = schema.safeParse(plain.value);
  if (!parsed.success) throw misbehaved("a message that is not due, or not whole", parsed.error);
  return parsed.data;
}

/** The other peer does not keep to the protocol: `what` it sent. */
export function misbehaved(what: string, cause?: unknown): PeerError {
  return new PeerError("peer-misbehaved", `the other peer sent ${what}`, {
    nextStep: "Check that both run the same version of Parley (parley --version).",
    cause,
  });
}
