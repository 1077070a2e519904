/** Safe integers and checksums in buffers. Everything is big-endian; every stored thing ends in its CRC-32. */
import { crc32 } from "node:zlib";
import { invariant } from "../errors.ts";

const HIGH = 2 ** 32;

/** Writes fields one after the other into a buffer of known size. */
export class FieldWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): this {
    this.#at = this.bytes.writeUInt8(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.bytes.writeUInt32BE(value, this.#at);
    return this;
  }

  /** A non-negative safe integer, in eight bytes. */
  count(value: number): this {
    invariant(Number.isSafeInteger(value) && value >= 0, `${value} is not a count`);
    return this.u32(Math.floor(value / HIGH)).u32(value % HIGH);
  }

  data(value: Uint8Array): this {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Ends with the checksum of everything before, and says it. */
  seal(): number {
    invariant(this.#at === this.bytes.length - 4, "a stored thing has a size of its own");
    const checksum = crc32(this.bytes.subarray(0, this.#at));
    this.u32(checksum);
    return checksum;
  }
}

/** Reads them back. The caller has checked the size. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
  }

  u8(): number {
    const value = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  u32(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  count(): number {
    return this.u32() * HIGH + this.u32();
  }

  /** A view, not a copy. */
  data(length: number): Uint8Array {
    const value = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length);
    this.#at += length;
    return value;
  }
}

/** The checksum at the end of `bytes` if it matches what is before. */
export function sealOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < 5) return undefined;
  const end = bytes.length - 4;
  const stored = asBuffer(bytes).readUInt32BE(end);
  return crc32(bytes.subarray(0, end)) === stored ? stored : undefined;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
