/**
 * MessagePack as strangers may send it: one value of nil, booleans, numbers, texts, bytes, arrays and maps, no extensions, no
 * deep nesting, every length backed by bytes that are there. What passes can be given to an unpacker that trusts lengths (an
 * array of four bytes may say that it has four thousand million items) and that makes objects of extensions.
 * Source: the MessagePack specification, "Formats".
 */

const MAX_DEPTH = 8;

/** Fixed sizes of values after their first byte. */
const PLAIN_BYTES: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** Bytes of the length of what has one: bytes and texts, arrays, maps. */
const RUN_LENGTH_BYTES: Readonly<Record<number, number>> = { 0xc4: 1, 0xc5: 2, 0xc6: 4, 0xd9: 1, 0xda: 2, 0xdb: 4 };
const ARRAY_LENGTH_BYTES: Readonly<Record<number, number>> = { 0xdc: 2, 0xdd: 4 };
const MAP_LENGTH_BYTES: Readonly<Record<number, number>> = { 0xde: 2, 0xdf: 4 };

/** True when `bytes` hold exactly one plain value. */
export function isPlain(bytes: Uint8Array): boolean {
  return endOfValue(bytes, 0, 0) === bytes.length;
}

/** Where the value that begins at `at` ends; -1 when it is not plain, or goes beyond the end. */
function endOfValue(bytes: Uint8Array, at: number, depth: number): number {
  const token = bytes[at];
  if (token === undefined || depth > MAX_DEPTH) return -1;
  const next = at + 1;
  if (token <= 0x7f || token >= 0xe0) return next;
  if (token <= 0x8f) return endOfItems(bytes, next, 2 * (token & 0x0f), depth);
  if (token <= 0x9f) return endOfItems(bytes, next, token & 0x0f, depth);
  if (token <= 0xbf) return within(bytes, next + (token & 0x1f));
  const plain = PLAIN_BYTES[token];
  if (plain !== undefined) return within(bytes, next + plain);
  return endOfMeasured(bytes, token, next, depth);
}

function endOfMeasured(bytes: Uint8Array, token: number, at: number, depth: number): number {
  const run = RUN_LENGTH_BYTES[token];
  if (run !== undefined) return within(bytes, at + run + lengthAt(bytes, at, run));
  const array = ARRAY_LENGTH_BYTES[token];
  if (array !== undefined) return endOfItems(bytes, at + array, lengthAt(bytes, at, array), depth);
  const map = MAP_LENGTH_BYTES[token];
  if (map !== undefined) return endOfItems(bytes, at + map, 2 * lengthAt(bytes, at, map), depth);
  return -1;
}

function endOfItems(bytes: Uint8Array, start: number, items: number, depth: number): number {
  // Each item takes a byte at least: a length that is not backed is refused before anything is counted.
  if (start + items > bytes.length) return -1;
  let at = start;
  for (let n = 0; n < items && at >= 0; n += 1) at = endOfValue(bytes, at, depth + 1);
  return at;
}

/** A length that is cut off is longer than anything. */
function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) return Number.POSITIVE_INFINITY;
  let length = 0;
  for (let n = 0; n < width; n += 1) length = length * 256 + (bytes[at + n] ?? 0);
  return length;
}

function within(bytes: Uint8Array, end: number): number {
  return end <= bytes.length ? end : -1;
}
