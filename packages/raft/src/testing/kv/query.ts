/** Questions to a machine and what comes back, as bytes for the way between processes. */
import { invariant, RaftError } from "../../errors.ts";
import { FieldParser, Fields } from "./fields.ts";
import type { KvMachine, KvPair, RangeQuery } from "./kv-machine.ts";
import type { WatchItem } from "./watch.ts";

export type KvQuery = { readonly query: "get"; readonly key: string } | ({ readonly query: "range" } & RangeQuery);

const GET = 1;
const RANGE = 2;
const NO_END = 0;
const HAS_END = 1;
const PUT = 1;
const DELETE = 2;
const LAGGED = 3;

/** @throws InvariantError when a key is not well-formed text or the limit no count. */
export function encodeQuery(query: KvQuery): Uint8Array {
  const keys = query.query === "get" ? [query.key] : [query.from ?? "", query.to ?? ""];
  invariant(
    keys.every((key) => key.isWellFormed()),
    "keys must be well-formed text",
  );
  if (query.query === "get") return new Fields().u8(GET).text(query.key).bytes();
  const { from = "", to, limit } = query;
  invariant(Number.isInteger(limit) && limit >= 0 && limit < 2 ** 32, "a limit is a count of four bytes");
  const end = to === undefined ? NO_END : HAS_END;
  return new Fields()
    .u8(RANGE)
    .text(from)
    .u8(end)
    .text(to ?? "")
    .u32(limit)
    .bytes();
}

/** Asks the machine: the answer is what {@link decodePairs} reads. @throws RaftError `corrupt` when the bytes are no query. */
export function answerQuery(machine: KvMachine, bytes: Uint8Array): Uint8Array {
  const query = parseQuery(bytes);
  if (query === undefined) throw new RaftError("corrupt", "not a query of the key-value machine");
  if (query.query === "range") return encodePairs(machine.range(query));
  const pair = machine.get(query.key);
  return encodePairs(pair === undefined ? [] : [pair]);
}

function parseQuery(bytes: Uint8Array): KvQuery | undefined {
  const fields = new FieldParser(bytes);
  const [kind, key] = [fields.u8(), fields.text()];
  if (key === undefined) return undefined;
  if (kind === GET) return fields.left === 0 ? { query: "get", key } : undefined;
  const [end, to, limit] = [fields.u8(), fields.text(), fields.u32()];
  const isWhole = kind === RANGE && (end === NO_END || end === HAS_END) && fields.left === 0;
  if (!isWhole || to === undefined || limit === undefined) return undefined;
  return { query: "range", from: key, ...(end === HAS_END && { to }), limit };
}

function encodePairs(pairs: readonly KvPair[]): Uint8Array {
  const fields = new Fields();
  for (const { key, value, revision } of pairs) fields.text(key).count(revision).block(value);
  return fields.bytes();
}

/** The pairs found; of a `get` one or none. @throws RaftError `corrupt` */
export function decodePairs(bytes: Uint8Array): KvPair[] {
  const fields = new FieldParser(bytes);
  const pairs: KvPair[] = [];
  while (fields.left > 0) {
    const [key, revision, value] = [fields.text(), fields.count(), fields.block()];
    if (key === undefined || revision === undefined || value === undefined) {
      throw new RaftError("corrupt", "not an answer of the key-value machine");
    }
    pairs.push({ key, value, revision });
  }
  return pairs;
}

export function encodeWatchItem(item: WatchItem): Uint8Array {
  const fields = new Fields();
  if (item.type === "lagged") return fields.u8(LAGGED).count(item.revision).bytes();
  if (item.type === "delete") return fields.u8(DELETE).count(item.revision).text(item.key).bytes();
  return fields.u8(PUT).count(item.revision).text(item.key).rest(item.value).bytes();
}

/** @throws RaftError `corrupt` */
export function decodeWatchItem(bytes: Uint8Array): WatchItem {
  const fields = new FieldParser(bytes);
  const [kind, revision] = [fields.u8(), fields.count()];
  const key = kind === PUT || kind === DELETE ? fields.text() : undefined;
  if (revision !== undefined) {
    if (kind === LAGGED && fields.left === 0) return { type: "lagged", revision };
    if (key !== undefined && kind === DELETE && fields.left === 0) return { type: "delete", revision, key };
    if (key !== undefined && kind === PUT) return { type: "put", revision, key, value: fields.rest() };
  }
  throw new RaftError("corrupt", "not an item of a watch");
}
