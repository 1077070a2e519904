/**
 * How byte arrays are packed. The packer knows two ways: as MessagePack's own bytes, which are read without a copy, for
 * `Buffer`; and as a typed array, which is copied on reading, for `Uint8Array`. Ours writes the first for both, and large
 * ones not at all: they are attached, that is sent after the packed message as they lie in memory.
 */
import { addExtension, type Packr } from "msgpackr";
import { EXTENSION } from "./guard.ts";

/** From this length on, gathering the pieces is cheaper than copying. */
const ATTACHED_FROM_BYTES = 8 * 1024;

/** Room in the packer's buffer. */
interface Room {
  readonly target: Uint8Array;
  readonly targetView: DataView;
  readonly position: number;
}

type Allocate = (bytes: number) => Room;

/** "t", and the number of `Uint8Array` among typed arrays. */
const TYPED_ARRAY = [0x74, 1] as const;

/** Of the message that is being packed. */
let attaching: Uint8Array[] = [];

/** Of the message that is being unpacked: where the next one begins. */
let attached: { readonly bytes: Uint8Array; at: number } = { bytes: new Uint8Array(0), at: 0 };

/** @returns what `pack` left out, in order */
export function attachedBy(pack: () => void): readonly Uint8Array[] {
  const outer = attaching;
  const mine: Uint8Array[] = [];
  attaching = mine;
  try {
    pack();
    return mine;
  } finally {
    attaching = outer;
  }
}

/** Runs `unpack` with what lies in `bytes` from `start` on as attachments. They are views of it. */
export function withAttached<Value>(bytes: Uint8Array, start: number, unpack: () => Value): Value {
  const outer = attached;
  attached = { bytes, at: start };
  try {
    return unpack();
  } finally {
    attached = outer;
  }
}

/** The registry of extensions belongs to the whole process: what others pack must come out as if this were not here. */
export function packByteArrays(ours: Packr): void {
  const extension = {
    Class: Uint8Array,
    type: EXTENSION.attached,
    pack(
      this: Packr & { readonly moreTypes?: boolean },
      bytes: Uint8Array,
      allocate: Allocate,
    ): Uint8Array | undefined {
      if (this === ours && bytes.length >= ATTACHED_FROM_BYTES) return attach(bytes);
      const isPlain = this === ours || this.moreTypes !== true || bytes.constructor === Buffer;
      if (isPlain) write(bytes, [], 0xc4, allocate);
      else write(bytes, TYPED_ARRAY, 0xc7, allocate);
      return undefined;
    },
    unpack: takeAttached,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the packer's types leave out that it gives `allocate`
  addExtension(extension as unknown as Parameters<typeof addExtension>[0]);
}

function attach(bytes: Uint8Array): Uint8Array {
  attaching.push(bytes);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return length;
}

function takeAttached(length: Uint8Array): Uint8Array {
  const start = attached.at;
  attached.at += new DataView(length.buffer, length.byteOffset, length.byteLength).getUint32(0);
  return attached.bytes.subarray(start, attached.at);
}

/** @param token of the form with a length of one byte; those with two and four follow it */
function write(bytes: Uint8Array, type: readonly number[], token: number, allocate: Allocate): void {
  const length = bytes.length + Math.max(0, type.length - 1);
  const width = length < 0x100 ? 0 : length < 0x10000 ? 1 : 2;
  const { target, targetView, position } = allocate(1 + (1 << width) + type.length + bytes.length);
  target[position] = token + width;
  const at = position + 1;
  if (width === 0) targetView.setUint8(at, length);
  else if (width === 1) targetView.setUint16(at, length);
  else targetView.setUint32(at, length);
  target.set(type, at + (1 << width));
  target.set(bytes, at + (1 << width) + type.length);
}
