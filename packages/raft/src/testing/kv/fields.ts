/** Fields of small binary messages: big-endian, lengths before contents, and nothing left over. */
import { isUtf8 } from "node:buffer";

const HIGH = 2 ** 32;

/** A byte string kept as text of the same bytes (latin1): compact, and immutable, so that it can be shared. */
export type ByteText = string;

export function byteText(bytes: Uint8Array): ByteText {
  return asBuffer(bytes).toString("latin1");
}

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
    const length = this.u32();
    if (length === undefined || length > this.left) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** UTF-8 only: other bytes would not come back as they were. */
  text(): string | undefined {
    const bytes = this.block();
    return bytes !== undefined && isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  }

  byteText(): ByteText | undefined {
    return this.block()?.toString("latin1");
  }

  /** Everything that is left. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
