/**
 * Messages as bytes (MessagePack). What may travel: undefined, null, booleans, numbers, big integers, text, dates, byte and
 * other typed arrays, sets, references, and lists and plain objects of these. Objects of classes and maps with text keys
 * arrive as plain objects, what has a `toJSON` (a URL) as what that gives, gaps in lists as undefined, -0 as 0, `Buffer` as
 * `Uint8Array`, which is a view of the frame it came in; functions, symbols, errors, patterns, cycles, keys called `__proto__`
 * and text that is not well-formed are refused.
 */
import { addExtension, Packr, RESERVE_START_SPACE, Unpackr } from "msgpackr";
import { BaseRef } from "../../core/base-ref.ts";
import type { ActorRef } from "../../core/ref.ts";
import { ActorError, isActorError } from "../../errors.ts";
import { attachedBy, packByteArrays, withAttached } from "./byte-arrays.ts";
import { EXTENSION, mustBeReadable } from "./guard.ts";
import { mustBeWellFormed } from "./well-formed.ts";

export type ResolveRef = (address: string) => ActorRef<never>;

/** Most that the packer can leave free before a value. */
const MAX_RESERVED_BYTES = 255;

const packr = new Packr({
  useRecords: false,
  moreTypes: true,
  writeFunction: () => {
    throw new ActorError("bad-message", "a function cannot travel");
  },
});

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, structuredClone: false });

/** Who makes references of the addresses in the bytes at hand; reading is synchronous. */
let resolving: ResolveRef = noReferences;

function noReferences(): never {
  throw new ActorError("bad-message", "a reference where none belongs");
}

addExtension({
  Class: BaseRef,
  type: EXTENSION.ref,
  pack: (ref: BaseRef<never>) => Buffer.from(ref.address, "latin1"),
  unpack: (address: Uint8Array) => resolving(latin1(address, 0, address.length)),
});
packByteArrays(packr);

/** A message as bytes: the packed value with free bytes before it, and what is attached, as it lies in memory. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly attached: readonly Uint8Array[];
}

/**
 * Packs `value` behind `reserved` free bytes, which hold nothing of meaning yet.
 * @throws ActorError `bad-message`
 */
export function packBehind(reserved: number, value: unknown): Packed {
  try {
    let bytes: Uint8Array = new Uint8Array(0);
    const attached = attachedBy(() => (bytes = pack(reserved, value)));
    // What this host would not take it does not send: the sender hears of it at once.
    mustBeReadable(bytes, reserved, bytes.length, totalBytes(attached));
    return { bytes, attached };
  } catch (error) {
    throw asBadMessage(error, "a message cannot be packed");
  }
}

/**
 * As {@link packBehind}, for what comes from outside of this runtime: text that would arrive as another is refused.
 * @throws ActorError `bad-message`
 */
export function packMessageBehind(reserved: number, message: unknown): Packed {
  const packed = packBehind(reserved, message);
  try {
    mustBeWellFormed(message);
  } catch (error) {
    throw asBadMessage(error, "a message cannot be packed");
  }
  return packed;
}

/**
 * Unpacks what lies in `bytes` from `start` to `end`; what is attached to it follows.
 * @throws ActorError `bad-message`, `bad-address`
 */
export function unpackFrom(
  bytes: Uint8Array,
  start: number,
  end: number = bytes.length,
  resolve: ResolveRef = noReferences,
): unknown {
  mustBeReadable(bytes, start, end, bytes.length - end);
  const outer = resolving;
  resolving = resolve;
  try {
    const packed = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    if (end === bytes.length) return unpackr.unpack(packed) as unknown;
    const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return withAttached(all, end, (): unknown => unpackr.unpack(packed));
  } catch (error) {
    throw asBadMessage(error, "a message cannot be read");
  } finally {
    resolving = outer;
  }
}

/** Text of which every character is a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", start, end);
}

export function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function pack(reserved: number, value: unknown): Uint8Array {
  if (reserved <= MAX_RESERVED_BYTES) return packr.pack(value, RESERVE_START_SPACE | reserved);
  return Buffer.concat([Buffer.alloc(reserved), packr.pack(value)]);
}

function asBadMessage(error: unknown, what: string): ActorError {
  if (isActorError(error)) return error;
  return new ActorError("bad-message", `${what}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
