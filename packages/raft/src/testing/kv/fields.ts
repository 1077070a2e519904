/** Fields of small binary messages: big-endian, lengths before contents, and nothing left over. */
import { isUtf8 } from "node:buffer";

const HIGH = 2 ** 32;

/** A byte string kept as text of the same bytes (latin1): compact, and immutable, so that it can be shared. */
export type ByteText = string;

export function bytesOf(text: ByteText): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Collects fields. */
export class Fields {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    this.#parts.push(Uint8Array.of(value));
    return this;
  }

  u32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeUInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  /** A non-negative safe integer. */
  count(value: number): this {
    return this.u32(Math.floor(value / HIGH)).u32(value % HIGH);
  }

  /** Its length, in four bytes, and it. */
  block(bytes: Uint8Array): this {
    return this.u32(bytes.length).rest(bytes);
  }

  text(text: string): this {
    return this.block(Buffer.from(text, "utf8"));
  }

  /** Without its length: for the last field. */
  rest(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** Takes fields apart, of bytes that may be anything: what is not there or not valid is undefined. */
export class FieldParser {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number | undefined {
    if (this.left < 1) return undefined;
    this.#at += 1;
    return this.#bytes[this.#at - 1];
  }

  u32(): number | undefined {
    if (this.left < 4) return undefined;
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  count(): number | undefined {
    const [high, low] = [this.u32(), this.u32()];
    if (high === undefined || low === undefined) return undefined;
    const value = high * HIGH + low;
    return Number.isSafeInteger(value) ? value : undefined;
  }

  block(): Buffer | undefined {
    const end = this.#endOfBlock();
    const start = this.#at;
    if (end === undefined) return undefined;
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** UTF-8 only: other bytes would not come back as they were. */
  text(): string | undefined {
    const end = this.#endOfBlock();
    if (end === undefined) return undefined;
    const [start, text] = [this.#at, this.#bytes.toString("utf8", this.#at, end)];
    this.#at = end;
    // Decoding puts U+FFFD where bytes are wrong; only then they need a second look.
    return !text.includes("\ufffd") || isUtf8(this.#bytes.subarray(start, end)) ? text : undefined;
  }

  byteText(): ByteText | undefined {
    const end = this.#endOfBlock();
    if (end === undefined) return undefined;
    const text = this.#bytes.toString("latin1", this.#at, end);
    this.#at = end;
    return text;
  }

  /** Everything that is left, as {@link byteText}. */
  restText(): ByteText {
    const text = this.#bytes.toString("latin1", this.#at);
    this.#at = this.#bytes.length;
    return text;
  }

  /** Everything that is left. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }

  /** Reads a block's length; where its contents end. */
  #endOfBlock(): number | undefined {
    const length = this.u32();
    return length === undefined || length > this.left ? undefined : this.#at + length;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
