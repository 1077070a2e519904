/** Numbers and bytes in a row, big-endian. Reading never goes past the end: it says `corrupt` instead. */
import { invariant, RaftError } from "../errors.ts";

const HIGH = 2 ** 32;
/** The upper half of `Number.MAX_SAFE_INTEGER`. */
const MAX_HIGH = 0x1f_ffff;

/** Writes into a buffer of known size. */
export class WireWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): void {
    this.bytes[this.#at] = value;
    this.#at += 1;
  }

  u32(value: number): void {
    const { bytes } = this;
    bytes[this.#at] = value >>> 24;
    bytes[this.#at + 1] = value >>> 16;
    bytes[this.#at + 2] = value >>> 8;
    bytes[this.#at + 3] = value;
    this.#at += 4;
  }

  /** A non-negative safe integer, in eight bytes. */
  count(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, `${value} is not a count`);
    this.u32(Math.floor(value / HIGH));
    this.u32(value >>> 0);
  }

  data(value: Uint8Array): void {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** The bytes, all of which must have been written: the rest would be somebody else's memory. */
  done(): Buffer {
    invariant(this.#at === this.bytes.length, `${this.#at} bytes were written where ${this.bytes.length} were planned`);
    return this.bytes;
  }
}

/** Reads them back. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw tooShort();
    this.#at += 1;
    return value;
  }

  u32(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const last = bytes[at + 3];
    if (last === undefined) throw tooShort();
    this.#at = at + 4;
    return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | last) >>> 0;
  }

  count(): number {
    const high = this.u32();
    if (high > MAX_HIGH) throw new RaftError("corrupt", "a number is too large to be exact");
    return high * HIGH + this.u32();
  }

  /** A view, not a copy. */
  data(length: number): Uint8Array {
    if (length > this.left) throw tooShort();
    const { buffer, byteOffset } = this.#bytes;
    const value = new Uint8Array(buffer, byteOffset + this.#at, length);
    this.#at += length;
    return value;
  }

  /** @throws RaftError `corrupt` when something is left. */
  end(): void {
    if (this.left > 0) throw new RaftError("corrupt", `${this.left} bytes follow where the message ends`);
  }
}

function tooShort(): RaftError {
  return new RaftError("corrupt", "the message ends too early");
}
