/** What two peers say on a link's own stream: the first frames, and then pings. Outside bytes: checked field by field. */
import { Packr } from "msgpackr";
import { z } from "zod";
import { PeerError } from "../../errors.ts";
import { MAX_ADDRESS_LENGTH } from "../host/addresses.ts";
import { readPlain } from "../wire/plain.ts";

export const LINK_PROTOCOL = "/parley/link/1";
export const MAX_LINK_FRAME_BYTES = 8 * 1024;
/** Of its own that a peer tells of. */
export const MAX_TOLD_ADDRESSES = 16;

export type LinkKind = "prompt" | "bulk";

const PING = 1;
const PONG = 2;
const GREETING = 3;
const ECHO_BYTES = 1 + 4 + 8;

const id = z.string().min(1).max(64);
const addresses = z.array(z.string().max(MAX_ADDRESS_LENGTH)).max(MAX_TOLD_ADDRESSES);

/** From the dialler, first on each of the two connections. */
const helloSchema = z.strictObject({
  say: z.literal("hello"),
  version: z.number().int().min(1),
  link: id,
  kind: z.enum(["prompt", "bulk"]),
  incarnation: id,
  lost: id.optional(),
  addresses,
});
/** Its answer: the link is up. */
const welcomeSchema = z.strictObject({ say: z.literal("welcome"), incarnation: id, addresses });
/** Its answer: another link takes precedence. */
const declineSchema = z.strictObject({
  say: z.literal("decline"),
  reason: z.string().max(200),
  /** There is a link with another process of the same identity. */
  isTwin: z.boolean().optional(),
});

const greetingSchema = z.discriminatedUnion("say", [helloSchema, welcomeSchema, declineSchema]);

export type Hello = z.infer<typeof helloSchema>;
export type Welcome = z.infer<typeof welcomeSchema>;
export type Greeting = z.infer<typeof greetingSchema>;

/** One way of a ping, or of its answer. */
export interface Echo {
  readonly type: "ping" | "pong";
  readonly sequence: number;
  /** Of a ping: the smoothed round trip as its sender knows it; NaN while it knows none. */
  readonly roundTripMs: number;
}

const packr = new Packr({ useRecords: false });

export function encodeGreeting(greeting: Greeting): Uint8Array {
  return Buffer.concat([Uint8Array.of(GREETING), packr.pack(greeting)]);
}

export function encodeEcho({ type, sequence, roundTripMs }: Echo): Uint8Array {
  const frame = Buffer.alloc(ECHO_BYTES);
  frame.writeUInt8(type === "ping" ? PING : PONG);
  frame.writeUInt32BE(sequence, 1);
  frame.writeDoubleBE(roundTripMs, 5);
  return frame;
}

/** @throws PeerError `bad-frame`. */
export function decodeLinkFrame(frame: Uint8Array): Greeting | Echo {
  const [kind] = frame;
  if (kind === PING || kind === PONG) return decodeEcho(kind, frame);
  if (kind === GREETING) return decodeGreeting(frame.subarray(1));
  throw badFrame(`begins with ${kind}`);
}

function decodeEcho(kind: number, frame: Uint8Array): Echo {
  if (frame.length !== ECHO_BYTES) throw badFrame(`a ping has ${frame.length} bytes`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  return { type: kind === PING ? "ping" : "pong", sequence: view.getUint32(1), roundTripMs: view.getFloat64(5) };
}

function decodeGreeting(bytes: Uint8Array): Greeting {
  const said = readPlain(bytes);
  if (said === undefined) throw badFrame("no plain MessagePack");
  const parsed = greetingSchema.safeParse(said.value);
  if (!parsed.success) throw badFrame(z.prettifyError(parsed.error));
  return parsed.data;
}

function badFrame(why: string): PeerError {
  return new PeerError("bad-frame", `what came on a link is not what peers say: ${why}`, {
    nextStep: "Check that both peers run the same version.",
  });
}
