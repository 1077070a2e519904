/**
 * Reads MessagePack bytes that anyone may have made. Before msgpackr sees them they are walked once: only nil, booleans,
 * numbers, text that is UTF-8, bytes, lists, and maps with text keys get through, no deeper than is allowed, and no length that
 * promises more than has come. Extensions do not: some build code or cycles. And broken text would be read differently with
 * and without msgpackr's native part, which would let replicas part.
 * Source: the MessagePack specification, "Formats".
 */
import { isUtf8 } from "node:buffer";
import { Unpackr } from "msgpackr";

/** Lists and maps within each other. */
export const DEFAULT_DEPTH = 16;

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/**
 * The one value that `bytes` are, or undefined when they are none, or when lists and maps in it are nested deeper than `maxDepth`.
 * Never throws. Bytes in it alias `bytes`.
 */
export function readPlain(bytes: Uint8Array, maxDepth = DEFAULT_DEPTH): { readonly value: unknown } | undefined {
  if (walk(bytes, 0, maxDepth) !== bytes.length) return undefined;
  try {
    const value: unknown = unpackr.unpack(bytes);
    return { value };
  } catch {
    // What was let through is well-formed; should msgpackr think otherwise, it is no value either.
    return undefined;
  }
}

/** Where the value at `at` ends; -1 when there is none. */
function walk(bytes: Uint8Array, at: number, depth: number): number {
  const token = bytes[at];
  if (token === undefined) return -1;
  const next = at + 1;
  if (token < 0x80 || token >= 0xe0) return next;
  if (token < 0x90) return walkItems(bytes, next, token - 0x80, "map", depth);
  if (token < 0xa0) return walkItems(bytes, next, token - 0x90, "list", depth);
  if (token < 0xc0) return walkText(bytes, next, token - 0xa0);
  const form = FORMS[token];
  if (form === undefined) return -1;
  if (form.kind === "fixed") return next + form.bytes <= bytes.length ? next + form.bytes : -1;
  const length = uint(bytes, next, form.bytes);
  const from = next + form.bytes;
  if (length === undefined) return -1;
  if (form.kind === "text") return walkText(bytes, from, length);
  if (form.kind === "bytes") return from + length <= bytes.length ? from + length : -1;
  return walkItems(bytes, from, length, form.kind, depth);
}

function walkItems(bytes: Uint8Array, from: number, count: number, kind: "list" | "map", depth: number): number {
  // Each item takes a byte at least.
  if (depth === 0 || count > bytes.length - from) return -1;
  let at = from;
  for (let i = 0; i < count && at >= 0; i += 1) {
    if (kind === "map") {
      if (!isText(bytes[at])) return -1;
      at = walk(bytes, at, 0);
      if (at < 0) return -1;
    }
    at = walk(bytes, at, depth - 1);
  }
  return at;
}

function walkText(bytes: Uint8Array, from: number, length: number): number {
  const to = from + length;
  return to <= bytes.length && isUtf8(bytes.subarray(from, to)) ? to : -1;
}

function isText(token: number | undefined): boolean {
  return token !== undefined && ((token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb));
}

interface Form {
  readonly kind: "fixed" | "text" | "bytes" | "list" | "map";
  /** Of the value, or of its length. */
  readonly bytes: number;
}

/** MessagePack's formats from 0xc0 on, without its extensions. */
const FORMS: Readonly<Record<number, Form>> = {
  0xc0: { kind: "fixed", bytes: 0 },
  0xc2: { kind: "fixed", bytes: 0 },
  0xc3: { kind: "fixed", bytes: 0 },
  0xc4: { kind: "bytes", bytes: 1 },
  0xc5: { kind: "bytes", bytes: 2 },
  0xc6: { kind: "bytes", bytes: 4 },
  0xca: { kind: "fixed", bytes: 4 },
  0xcb: { kind: "fixed", bytes: 8 },
  0xcc: { kind: "fixed", bytes: 1 },
  0xcd: { kind: "fixed", bytes: 2 },
  0xce: { kind: "fixed", bytes: 4 },
  0xcf: { kind: "fixed", bytes: 8 },
  0xd0: { kind: "fixed", bytes: 1 },
  0xd1: { kind: "fixed", bytes: 2 },
  0xd2: { kind: "fixed", bytes: 4 },
  0xd3: { kind: "fixed", bytes: 8 },
  0xd9: { kind: "text", bytes: 1 },
  0xda: { kind: "text", bytes: 2 },
  0xdb: { kind: "text", bytes: 4 },
  0xdc: { kind: "list", bytes: 2 },
  0xdd: { kind: "list", bytes: 4 },
  0xde: { kind: "map", bytes: 2 },
  0xdf: { kind: "map", bytes: 4 },
};

function uint(bytes: Uint8Array, at: number, length: number): number | undefined {
  if (at + length > bytes.length) return undefined;
  let value = 0;
  for (let i = 0; i < length; i += 1) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
