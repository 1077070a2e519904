/** What commands and snapshots may hold, checked field by field. A field that is not listed makes the whole malformed. */
import { z } from "zod";
import { LIMITS } from "./limits.ts";

/** Line feeds, other control characters and what turns the direction of writing would let a name lie on a terminal. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u;

const text = (maxChars: number): z.ZodString => z.string().min(1).max(maxChars).regex(PRINTABLE);
/** Any text that UTF-8 can say: half a character would come back as another one. */
const anyText = (minChars: number, maxChars: number) =>
  z
    .string()
    .min(minChars)
    .max(maxChars)
    .refine((value) => value.isWellFormed());
const count = z.int().min(0);
const positive = z.int().min(1);
/** Copied: what is decoded aliases the bytes of the log entry. */
const bytes = (maxBytes: number) =>
  z
    .instanceof(Uint8Array)
    .refine((value) => value.length <= maxBytes)
    .transform((value): Uint8Array => Uint8Array.from(value));

/**
 * Read-only to the compiler alone. Zod's `readonly()` freezes whatever came, refused or not, and bytes cannot be frozen: a
 * list with bytes in its place would throw, on every replica.
 */
export function asReadonly<Value>(schema: z.ZodType<Value>): z.ZodType<Readonly<Value>> {
  return schema;
}

export const peerName = text(128);
const name = text(LIMITS.nameChars);
const words = asReadonly(z.array(name).max(LIMITS.recordItems));
const key = bytes(LIMITS.boxBytes);

/** What a peer says of itself: changes seldom. Load and liveness travel by gossip. */
export const nodeRecord = z.strictObject({
  host: name,
  platform: name,
  version: name,
  roles: words,
  /** Such as `gpu`, `high_mem`, `battery`. */
  hardware: words,
  models: words,
  languages: words,
  voices: words,
  /** Multiaddrs. */
  addresses: asReadonly(z.array(text(256)).max(LIMITS.recordItems)),
});

export type NodeRecord = z.output<typeof nodeRecord>;

export const member = z.strictObject({
  peer: peerName,
  node: positive,
  name,
  sealingKey: key,
  roles: words,
  admittedMs: count,
  knows: positive,
});

export const revoked = z.strictObject({
  peer: peerName,
  node: positive,
  name,
  by: peerName,
  revokedMs: count,
  acknowledged: asReadonly(z.array(peerName)),
});

/** A peer that comes in. */
const newcomer = member.omit({ node: true });

export const stamp = z.strictObject({
  scope: text(LIMITS.keyChars),
  kind: z.enum(["epoch", "term"]),
  token: count,
});

export const pairKey = anyText(1, LIMITS.keyChars);
export const pairValue = bytes(LIMITS.valueBytes);
export const settingKey = text(LIMITS.keyChars);
export const settingValue = anyText(0, LIMITS.settingChars);
export const sealedKey = key;
/** Ed25519. */
export const keySignature = bytes(64);
export const resultBytes = bytes(LIMITS.resultBytes);
export const kindName = text(LIMITS.keyChars);
export const entityName = anyText(1, LIMITS.keyChars);
export const ownerAddress = text(LIMITS.keyChars);

/** The change holds only if the key has this revision (0: is absent) or this value. */
const condition = z.union([z.strictObject({ revision: count }), z.strictObject({ value: pairValue })]);

/** What may wait in an outbox: it means the same later. */
const POSTPONED = [
  z.strictObject({ type: z.literal("set"), key: settingKey, value: settingValue.nullable() }),
  z.strictObject({
    type: z.literal("put"),
    key: pairKey,
    value: pairValue,
    when: condition.optional(),
    stamp: stamp.optional(),
  }),
  z.strictObject({
    type: z.literal("delete"),
    key: pairKey,
    when: condition.optional(),
    stamp: stamp.optional(),
  }),
] as const;

export const postponed = z.discriminatedUnion("type", POSTPONED);

/** A command that a peer may write down and deliver later. */
export type PostponedCommand = z.output<typeof postponed>;

export const boxName = text(64);

/** Commands out of a peer's outbox. */
const deliver = z.strictObject({
  type: z.literal("deliver"),
  peer: peerName,
  box: boxName,
  /** The box that this one takes the place of; null: none. Looked at only where the last word came from another box. */
  replaces: boxName.nullable(),
  /** In order: numbers rise. */
  commands: asReadonly(
    z
      .array(z.strictObject({ sequence: positive, command: postponed }))
      .min(1)
      .max(LIMITS.deliveries),
  ),
});

const COMMANDS = [
  z.strictObject({
    type: z.literal("found"),
    cluster: text(64),
    member: newcomer,
    meshKey: z.strictObject({ publicKey: key, signature: keySignature, box: key }),
  }),
  z.strictObject({
    type: z.literal("admit"),
    member: newcomer,
    /** The mesh key of this generation, sealed to it. */
    generation: positive,
    box: key,
  }),
  z.strictObject({ type: z.literal("leave"), peer: peerName }),
  z.strictObject({ type: z.literal("revoke"), peer: peerName, by: peerName, atMs: count }),
  z.strictObject({ type: z.literal("acknowledge"), peer: peerName, by: peerName }),
  z.strictObject({
    type: z.literal("rotate"),
    /** Of the prime that does it. */
    term: count,
    /** The new one. */
    generation: positive,
    publicKey: key,
    /** By the generation before. */
    signature: keySignature,
    boxes: asReadonly(z.array(asReadonly(z.tuple([peerName, key]))).max(LIMITS.members)),
  }),
  z.strictObject({ type: z.literal("describe"), peer: peerName, knows: positive, record: nodeRecord }),
  z.strictObject({ type: z.literal("raise-version"), to: positive }),
  ...POSTPONED,
  deliver,
  z.strictObject({
    type: z.literal("open-table"),
    kind: kindName,
    shards: positive.max(LIMITS.shards),
  }),
  z.strictObject({
    type: z.literal("place"),
    kind: kindName,
    /** Of the coordinator, which lives with the prime. */
    term: count,
    shard: count,
    expectedEpoch: count,
    owner: ownerAddress,
  }),
  z.strictObject({ type: z.literal("fence"), stamp }),
  z.strictObject({ type: z.literal("remember"), stamp, entity: entityName }),
  z.strictObject({ type: z.literal("forget"), stamp, entity: entityName }),
] as const;

/** All commands of version 1. Later ones get a list of their own: what this one lets through may never change. */
export const command = z.discriminatedUnion("type", COMMANDS);

export const sessionName = text(128);
export const journalScope = stamp.shape.scope;
/** Ciphertext, as all of a journal. */
export const journalRecords = asReadonly(
  z
    .array(bytes(LIMITS.journalRecordBytes))
    .min(1)
    .max(LIMITS.journalRecords)
    .refine((records) => records.reduce((sum, { length }) => sum + length, 0) <= LIMITS.journalTurnBytes),
);
export const journalKept = bytes(LIMITS.journalKeptBytes);

/** The commands that came with version 2. */
export const journalCommand = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("journal-append"),
    stamp,
    session: sessionName,
    /** Rises from turn to turn: one that is greater than the last begins a new turn. */
    turn: positive,
    /** Which of the turn's records the first one here is; from 0. */
    from: count,
    records: journalRecords,
    atMs: count,
  }),
  z.strictObject({
    type: z.literal("journal-settle"),
    stamp,
    session: sessionName,
    turn: positive,
    /** Null: what was kept before. */
    kept: journalKept.nullable(),
    atMs: count,
  }),
  z.strictObject({ type: z.literal("journal-end"), stamp, session: sessionName }),
]);

/** What a member can ask the cluster to agree on. */
export type ClusterCommand = z.output<typeof command> | z.output<typeof journalCommand>;

/** One kind of them. */
export type CommandOf<Type extends ClusterCommand["type"]> = Extract<ClusterCommand, { readonly type: Type }>;
