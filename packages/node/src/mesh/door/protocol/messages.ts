/**
 * `/parley/door/1`: the only protocol that is open to peers that are not members. MessagePack maps, frames of up to 16 KiB.
 *
 *     newcomer                      peer
 *     hello                     ->  about                                     what DECISIONS 12 lets everybody see
 *     pair                      ->  challenge    prove -> verdict             with a code or the join secret, see ../pairing
 *     knock (still, still, …)   ->  waiting … approved    accept -> welcome   with a person's approval on both sides
 *     welcome                   ->  welcome                                   for members that lost theirs, or know nobody any more
 *                                   refused                                   instead of any answer; to whom was revoked, always
 */
import * as z from "zod";
import { NAME_BYTES_MAX } from "../../../config/schema.ts";

export const DOOR_PROTOCOL = "/parley/door/1";

/** Largest welcome, in bytes: it travels in one frame with its seal. */
export const MAX_WELCOME_BYTES = 15 * 1024;

const MAX_ADDRESSES = 16;

const bytes = (max: number, min = 1) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length >= min && value.length <= max);
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\p{Cc}\p{Bidi_Control}]/u.test(text), "no control characters");
const name = line(NAME_BYTES_MAX).refine((text) => Buffer.byteLength(text) <= NAME_BYTES_MAX, "63 bytes");
/** Base58: a libp2p peer id. */
export const peerIdSchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,64}$/);
const clusterId = line(64);

/** What a newcomer says of itself; what a newer one says beside is passed over. Its peer id is what its connection has proven. */
export const applicationSchema = z.object({
  name,
  /** X25519, raw: what the cluster seals to this peer (mesh/keys). */
  sealingKey: bytes(32, 32),
  /** Multiaddrs that it listens on. */
  addresses: z.array(line(256)).max(MAX_ADDRESSES),
  version: line(64),
  /** The newest version of the cluster's commands that its software knows; the first ones do not say it. */
  knows: z.int().min(1).max(1_000_000).default(1),
});
export type Application = z.output<typeof applicationSchema>;

/** `open`: a person has opened a window for a code. `secret`: who has the join secret may come. */
export const pairingStateSchema = z.enum(["closed", "open", "secret"]);
export type PairingState = z.output<typeof pairingStateSchema>;

/** What everybody may see of a peer (DECISIONS 12), and whether its cluster would yield (DECISIONS 10). */
export const aboutSchema = z.strictObject({
  type: z.literal("about"),
  name,
  version: line(64),
  peerId: peerIdSchema,
  /** Null while it belongs to none. */
  cluster: z.strictObject({ id: clusterId, isAloneAndEmpty: z.boolean() }).nullable(),
  pairing: pairingStateSchema,
  /** Kinds of service, such as `stt`, `tts`, `llm`. */
  services: z.array(line(32)).max(16),
});
export type About = Omit<z.output<typeof aboutSchema>, "type">;

/** What is proven: a pairing code, or the join secret. */
export const pairingMethodSchema = z.enum(["code", "secret"]);
export type PairingMethod = z.output<typeof pairingMethodSchema>;

const pairSchema = z.strictObject({
  type: z.literal("pair"),
  method: pairingMethodSchema,
  /** The cluster that the newcomer means to join. */
  cluster: clusterId,
  /** OPAQUE's KE1. */
  start: bytes(512),
});
export type PairMessage = z.output<typeof pairSchema>;

/** What a stream may begin with, and go on with between two exchanges. */
export const requestSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    version: z.int().min(1),
    /** Where the visitor listens, on the host that it calls from: its visit may be returned. */
    port: z.int().min(1).max(65_535).optional(),
  }),
  pairSchema,
  z.strictObject({ type: z.literal("knock"), application: applicationSchema }),
  z.strictObject({
    type: z.literal("welcome"),
    /** For a member that knows nobody here: the answer is to be proven to it, by the cluster's own means. */
    proof: z.strictObject({ nonce: bytes(32, 32), generation: z.int().min(1) }).optional(),
  }),
]);
export type Request = z.output<typeof requestSchema>;
/** What a member goes by that wants a welcome proven. */
export type ProofWanted = NonNullable<Extract<Request, { readonly type: "welcome" }>["proof"]>;

/** OPAQUE's KE2. */
export const challengeSchema = z.strictObject({ type: z.literal("challenge"), answer: bytes(1024) });
/** OPAQUE's KE3, and the application under the session's key. */
export const proveSchema = z.strictObject({ type: z.literal("prove"), finish: bytes(512), sealed: bytes(8 * 1024) });
/** The verdict under the session's key. */
export const verdictMessageSchema = z.strictObject({ type: z.literal("verdict"), sealed: bytes(15.5 * 1024) });

/** What became of an application. */
export const verdictSchema = z.discriminatedUnion("outcome", [
  z.strictObject({ outcome: z.literal("welcome"), welcome: bytes(MAX_WELCOME_BYTES) }),
  z.strictObject({ outcome: z.literal("refused"), reason: line(256) }),
  z.strictObject({ outcome: z.literal("unknown"), reason: line(256) }),
]);
export type Verdict = z.output<typeof verdictSchema>;

/** A waiting peer is still there. */
export const stillSchema = z.strictObject({ type: z.literal("still") });
/** A person of the cluster has approved the newcomer; the newcomer's person has the last word. */
export const acceptSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("accept") }),
  z.strictObject({ type: z.literal("decline") }),
  stillSchema,
]);
export const waitingSchema = z.strictObject({ type: z.literal("waiting") });
export const approvedSchema = z.strictObject({ type: z.literal("approved") });
export const welcomeSchema = z.strictObject({ type: z.literal("welcome"), welcome: bytes(MAX_WELCOME_BYTES) });

/** Why there is no answer. */
export const refusedSchema = z.strictObject({
  type: z.literal("refused"),
  code: z.enum([
    "pairing-failed",
    "pairing-closed",
    "pairing-paused",
    "admission-refused",
    "admission-unknown",
    "peer-misbehaved",
    "revoked",
  ]),
  reason: line(256),
  /** Of `revoked`: which one has done it. Of `admission-refused`: the one that the peer has left, if it did. */
  cluster: clusterId.optional(),
  /** Of `admission-refused`: the number that the peer had there. */
  node: z.int().min(1).optional(),
  retryAfterMs: z.int().min(0).max(3_600_000).optional(),
});
export type Refused = z.output<typeof refusedSchema>;
