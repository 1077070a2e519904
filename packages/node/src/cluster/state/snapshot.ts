/**
 * The state as a stream of records, each a length (4 bytes, big-endian) and a MessagePack list `[section, …fields]`; the last
 * one says how many came before. Equal states give equal bytes. Borders of chunks mean nothing.
 */
import { RaftError } from "@parley/raft";
import { Packr } from "msgpackr";
import { z } from "zod";
import { decodeResult, encodeResult } from "./codec.ts";
import { withJournal } from "./journals.ts";
import { LIMITS } from "./limits.ts";
import { EMPTY_STATE, linksOf, type ClusterState } from "./model.ts";
import { KNOWN_VERSION } from "./versions.ts";
import { Ordered } from "./ordered.ts";
import { readPlain } from "../../mesh/wire/plain.ts";
import * as schema from "./schemas.ts";

const FORMAT = 1;
const HEADER_BYTES = 4;
const CHUNK_BYTES = 64 * 1024;
/** A table of as many shards as there may be, with the longest addresses. */
const MAX_RECORD_BYTES = LIMITS.shards * (LIMITS.keyChars * 3 + 16);

const count = z.int().min(0);
const keyLink = z.tuple([schema.sealedKey, schema.keySignature]);
const row = schema.asReadonly(z.tuple([count, schema.ownerAddress.nullable()]));

/** By the word that a record begins with: to try one after the other would cost minutes for a large state. */
const RECORDS = {
  cluster: z.tuple([
    z.literal("cluster"),
    z.literal(FORMAT),
    z.strictObject({
      version: z.int().min(1),
      id: z.string().nullable(),
      index: count,
      term: count,
      nextNode: z.int().min(1),
    }),
  ]),
  member: z.tuple([z.literal("member"), schema.member]),
  revoked: z.tuple([z.literal("revoked"), schema.revoked]),
  left: z.tuple([z.literal("left"), schema.peerName, z.int().min(1)]),
  record: z.tuple([z.literal("record"), schema.peerName, schema.nodeRecord]),
  /** The generation; then that one's key and those of the ones before, the oldest first. */
  "mesh-key": z.tuple([z.literal("mesh-key"), z.int().min(1), z.array(keyLink).min(1)]),
  sealed: z.tuple([z.literal("sealed"), schema.peerName, schema.sealedKey]),
  setting: z.tuple([z.literal("setting"), schema.settingKey, schema.settingValue]),
  pair: z.tuple([z.literal("pair"), schema.pairKey, schema.pairValue, count]),
  delivered: z.tuple([
    z.literal("delivered"),
    schema.peerName,
    schema.boxName,
    z.int().min(1),
    schema.asReadonly(z.array(schema.asReadonly(z.tuple([z.int().min(1), schema.resultBytes]))).max(LIMITS.deliveries)),
  ]),
  table: z.tuple([
    z.literal("table"),
    schema.kindName,
    count,
    schema.asReadonly(z.array(row).min(1).max(LIMITS.shards)),
  ]),
  entity: z.tuple([z.literal("entity"), z.string()]),
  fence: z.tuple([z.literal("fence"), schema.stamp]),
  journal: z.tuple([
    z.literal("journal"),
    schema.sessionName,
    z.strictObject({
      scope: schema.journalScope,
      turn: z.int().min(1),
      records: schema.journalRecords.nullable(),
      kept: schema.journalKept.nullable(),
      atMs: count,
    }),
  ]),
  end: z.tuple([z.literal("end"), count]),
} as const;

type SnapshotRecord = z.output<(typeof RECORDS)[keyof typeof RECORDS]>;

function isSection(value: unknown): value is keyof typeof RECORDS {
  return typeof value === "string" && Object.hasOwn(RECORDS, value);
}

const packr = new Packr({ useRecords: false });

/** Chunks of 64 KiB or one record. Made while they are read: `state` never changes. */
export function* snapshotOf(state: ClusterState): Iterable<Uint8Array> {
  let chunk: Uint8Array[] = [];
  let bytes = 0;
  for (const record of recordsOf(state)) {
    const body = packr.pack(record);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(body.length);
    chunk.push(header, body);
    bytes += HEADER_BYTES + body.length;
    if (bytes < CHUNK_BYTES) continue;
    yield new Uint8Array(Buffer.concat(chunk));
    [chunk, bytes] = [[], 0];
  }
  if (bytes > 0) yield new Uint8Array(Buffer.concat(chunk));
}

function* recordsOf(state: ClusterState): Iterable<SnapshotRecord> {
  let records = 0;
  for (const record of contentsOf(state)) {
    records += 1;
    yield record;
  }
  yield ["end", records];
}

function* contentsOf(state: ClusterState): Iterable<SnapshotRecord> {
  const { version, id, index, term, nextNode, meshKey } = state;
  yield ["cluster", FORMAT, { version, id: id ?? null, index, term, nextNode }];
  for (const member of state.members.values()) yield ["member", inOrder(schema.member, member)];
  for (const entry of state.revoked.values()) yield ["revoked", inOrder(schema.revoked, entry)];
  for (const [peer, node] of state.left.range()) yield ["left", peer, node];
  for (const [peer, record] of state.records.range()) yield ["record", peer, inOrder(schema.nodeRecord, record)];
  if (meshKey !== undefined) {
    yield ["mesh-key", meshKey.generation, linksOf(meshKey).map((link) => [link.publicKey, link.signature])];
    for (const [peer, box] of meshKey.sealed.range()) yield ["sealed", peer, box];
  }
  for (const [key, value] of state.settings.range()) yield ["setting", key, value];
  for (const [key, { value, revision }] of state.pairs.range()) yield ["pair", key, value, revision];
  for (const [peer, { box, sequence, results }] of state.delivered.range()) {
    yield ["delivered", peer, box, sequence, results.map(([of, result]) => [of, encodeResult(result)] as const)];
  }
  for (const [kind, table] of state.tables.range()) {
    yield ["table", kind, table.term, table.rows.map(({ epoch, owner }) => [epoch, owner ?? null] as const)];
  }
  for (const key of state.entities.keys()) yield ["entity", key];
  for (const [scope, { kind, token }] of state.fences.range()) yield ["fence", { scope, kind, token }];
  for (const [session, { scope, turn, records, kept, atMs }] of state.journals.range()) {
    yield ["journal", session, { scope, turn, records: records ?? null, kept: kept ?? null, atMs }];
  }
}

/** The fields in the order of the schema, whoever made the object: bytes follow that order. */
function inOrder<Shape extends z.ZodObject>(shape: Shape, fields: z.output<Shape>): z.output<Shape> {
  return shape.parse(fields);
}

/** @throws RaftError `corrupt`, or `unknown-format` for one that newer software made. */
export async function restoreState(contents: AsyncIterable<Uint8Array>): Promise<ClusterState> {
  let state: ClusterState | undefined;
  let records = 0;
  let isWhole = false;
  for await (const body of bodiesOf(contents)) {
    if (isWhole) throw corrupt("something follows its end");
    const record = parse(body, state === undefined);
    if (record[0] === "end") {
      if (record[1] !== records) throw corrupt(`it holds ${records} records, and should hold ${record[1]}`);
      isWhole = true;
    } else state = restored(state, record);
    records += 1;
  }
  if (!isWhole || state === undefined) throw corrupt("it has no end");
  return state;
}

function parse(body: Uint8Array, isFirst: boolean): SnapshotRecord {
  const plain = readPlain(body)?.value;
  const section: unknown = Array.isArray(plain) ? plain[0] : undefined;
  const parsed = isSection(section) ? RECORDS[section].safeParse(plain) : undefined;
  if (parsed?.success === true) return parsed.data;
  const isOfNewer = isFirst && Array.isArray(plain) && plain[0] === "cluster" && plain[1] !== FORMAT;
  throw isOfNewer ? newer(`its format is ${String(plain[1])}`) : corrupt("it holds what is no record");
}

type Content = Exclude<SnapshotRecord, readonly ["end", ...unknown[]]>;

function restored(state: ClusterState | undefined, record: Content): ClusterState {
  if (record[0] === "cluster") {
    if (state !== undefined) throw corrupt("it begins twice");
    const { id, ...rest } = record[2];
    if (rest.version > KNOWN_VERSION) throw newerInForce(rest.version);
    return { ...EMPTY_STATE, ...rest, id: id ?? undefined };
  }
  if (state === undefined) throw corrupt("it does not begin with the cluster");
  switch (record[0]) {
    case "member":
      return { ...state, members: state.members.with(record[1].peer, record[1]) };
    case "revoked":
      return { ...state, revoked: state.revoked.with(record[1].peer, record[1]) };
    case "left":
      return { ...state, left: state.left.with(record[1], record[2]) };
    case "record":
      return { ...state, records: state.records.with(record[1], record[2]) };
    case "mesh-key": {
      const earlier = record[2].map(([publicKey, signature]) => ({ publicKey, signature }));
      const last = earlier.pop();
      if (last === undefined || earlier.length >= record[1])
        throw corrupt("a mesh key has another past than it can have");
      return { ...state, meshKey: { generation: record[1], ...last, earlier, sealed: Ordered.empty() } };
    }
    case "sealed": {
      if (state.meshKey === undefined) throw corrupt("a key is sealed, and there is none");
      return { ...state, meshKey: { ...state.meshKey, sealed: state.meshKey.sealed.with(record[1], record[2]) } };
    }
    case "setting":
      return { ...state, settings: state.settings.with(record[1], record[2]) };
    case "pair": {
      const [, key, value, revision] = record;
      const pairBytes = state.pairBytes + key.length + value.length;
      return { ...state, pairs: state.pairs.with(key, { value, revision }), pairBytes };
    }
    case "delivered": {
      const [, peer, box, sequence, encoded] = record;
      const results = encoded.map(([of, bytes]) => {
        const result = decodeResult(bytes);
        if (result === undefined) throw corrupt("what became of a delivered command cannot be read");
        return [of, result] as const;
      });
      return { ...state, delivered: state.delivered.with(peer, { box, sequence, results }) };
    }
    case "table": {
      const rows = record[3].map(([epoch, owner]) => ({ epoch, owner: owner ?? undefined }));
      return { ...state, tables: state.tables.with(record[1], { term: record[2], rows }) };
    }
    case "entity":
      return { ...state, entities: state.entities.with(record[1], true) };
    case "fence": {
      const { scope, kind, token } = record[1];
      return { ...state, fences: state.fences.with(scope, { kind, token }) };
    }
    case "journal": {
      const [, session, { records, kept, ...rest }] = record;
      return withJournal(state, session, { ...rest, records: records ?? undefined, kept: kept ?? undefined });
    }
  }
}

/** Puts records together again from chunks of any size. */
async function* bodiesOf(contents: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of contents) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= HEADER_BYTES) {
      const length = rest.readUInt32BE(at);
      if (length > MAX_RECORD_BYTES) throw corrupt(`a record of ${length} bytes is too large`);
      if (rest.length - at - HEADER_BYTES < length) break;
      yield rest.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      at += HEADER_BYTES + length;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw corrupt("it ends within a record");
}

function corrupt(why: string): RaftError {
  return new RaftError("corrupt", `the snapshot of the cluster's state cannot be used: ${why}`);
}

function newer(why: string): RaftError {
  return new RaftError("unknown-format", `newer software made the snapshot of the cluster's state: ${why}`);
}

/** The others go by commands that this software does not know. */
export function newerInForce(version: number): RaftError {
  return new RaftError(
    "unknown-format",
    `newer software is in use in this cluster: commands of version ${version} are in force, and this peer's software knows ${KNOWN_VERSION}`,
  );
}
