/**
 * What a turn writes down as it goes, and its bytes: a list of records as one MessagePack value `[version, records]`. What is kept
 * between turns is the session's own affair: any JSON, as `[version, value]` in UTF-8, deflated.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { Packr } from "msgpackr";
import * as z from "zod";
import { invariant } from "../../errors.ts";
import { readPlain } from "../../mesh/wire/plain.ts";
import { LIMITS } from "../state/limits.ts";
import { SEALED_BYTES } from "./sealing.ts";

const VERSION = 1;

const MAX_TEXT = 64 * 1024;
const name = z.string().min(1).max(256);
const text = z.string().max(MAX_TEXT);
const index = z.int().min(0);
/** Of a sentence: more than a turn may hold. */
const number = z.int().min(0).max(65_536);
/** Names of turns, and of calls in them. */
const key = z.string().min(1).max(1_024);

const accepted = z.object({
  type: z.literal("accepted"),
  /** Of the client's command: the same when the client asks again. */
  workId: key,
  kind: z.enum(["ask", "talk"]),
  /** Empty while it is still spoken. */
  question: text,
  /** How far it may go; a turn that may not leave its host is written nowhere. */
  privacy: z.enum(["host", "house"]).optional(),
  language: z.string().max(64).optional(),
  thread: name.optional(),
  /** Whatever else the work needs to go on: JSON as text. */
  details: text.optional(),
  atMs: index,
});

const outcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: text }),
  z.object({ ok: z.literal(false), code: name, message: text }),
]);

const later = [
  /** What is asked became certain, or other than it was taken for. */
  z.object({ type: z.literal("heard-question"), question: text }),
  /** More of the answer as it is written. */
  z.object({ type: z.literal("written"), text }),
  /** A sentence is to be said: `text` is what of it was not written down yet; it ends at `to`, or there when that is absent. */
  z.object({ type: z.literal("sentence"), index: number, text, to: index.optional() }),
  /** Where in the microphone's whole sound the question ends, in milliseconds. */
  z.object({ type: z.literal("through"), atMs: z.number().min(0) }),
  /** A model has called a tool where the answer's text was so long, and this came of it. */
  z.object({ type: z.literal("call"), at: index, written: text, name: name.optional(), outcome }),
  z.object({
    type: z.literal("tool-called"),
    /** The same for the same call in the same turn. */
    call: key,
    name,
    repeats: z.enum(["by-key", "at-most-once"]),
  }),
  z.object({ type: z.literal("tool-result"), call: key, outcome }),
  /** What else has changed with it in the session: JSON as text. */
  z.object({ type: z.literal("state"), state: text }),
  /** The client has played the sentence of this number, and all before it. */
  z.object({ type: z.literal("heard"), index: number }),
  z.object({ type: z.literal("ended"), outcome: z.enum(["answered", "interrupted", "cancelled", "failed"]) }),
] as const;

const turnRecord = z.discriminatedUnion("type", later);
const anyRecord = z.discriminatedUnion("type", [accepted, ...later]);
const batch = z.tuple([z.literal(VERSION), z.array(anyRecord)]);
const kept = z.tuple([z.literal(VERSION), z.unknown()]);

/** A turn was taken on. */
export type Accepted = z.output<typeof accepted>;
/** What follows in a turn. */
export type TurnRecord = z.output<typeof turnRecord>;
export type AnyRecord = z.output<typeof anyRecord>;

const packr = new Packr({ useRecords: false });

/** @throws PeerError `internal` for what is no record: then the caller has a defect. */
export function checkRecord(record: AnyRecord): AnyRecord {
  const parsed = anyRecord.safeParse(record);
  invariant(parsed.success, `${record.type} is no record of a turn that can be written`);
  return parsed.data;
}

export function encodeRecords(records: readonly AnyRecord[]): Uint8Array {
  return Uint8Array.from(packr.pack([VERSION, records]));
}

/** Undefined for what is none, or of newer software. Never throws. */
export function decodeRecords(bytes: Uint8Array): readonly AnyRecord[] | undefined {
  return batch.safeParse(readPlain(bytes)?.value).data?.[1];
}

/** Of what is kept, before it is deflated and after. */
const KEPT_BYTES = LIMITS.journalKeptBytes - SEALED_BYTES;
/** What is kept is written whole after every turn: conversations of words shrink to a third. The level costs a fraction of a ms. */
const DEFLATE = { level: 6 };

/**
 * As deflated JSON (RFC 1951). @returns undefined for more than 128 KiB, before it is deflated or after
 * @throws PeerError `internal` for what is no JSON
 */
export function encodeKept(value: unknown): Uint8Array | undefined {
  const json: unknown = JSON.stringify(value);
  invariant(typeof json === "string", "what a session keeps is JSON");
  const plain = Buffer.from(`[${VERSION},${json}]`);
  if (plain.length > KEPT_BYTES) return undefined;
  const bytes = deflateRawSync(plain, DEFLATE);
  return bytes.length > KEPT_BYTES ? undefined : bytes;
}

/** Undefined for what is none, or becomes too much. Never throws. The session looks at the value itself. */
export function decodeKept(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const plain = inflateRawSync(bytes, { maxOutputLength: KEPT_BYTES });
    const parsed = kept.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plain)));
    return parsed.success ? { value: parsed.data[1] } : undefined;
  } catch {
    // Not deflated, too much, not UTF-8, or not JSON.
    return undefined;
  }
}
