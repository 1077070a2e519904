/** Fields of a frame, one after the other: numbers little endian, bytes and text behind their length. */
import { RaftError } from "../../errors.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true });

/** Bytes that {@link FieldWriter.bytes} needs for `length` of them. */
export function bytesSize(length: number): number {
  return 4 + length;
}

/** Fills a frame. Its size must be known before: sizes are `u8` 1, `u32` 4, `f64` 8 and {@link bytesSize}. */
export class FieldWriter {
  readonly #frame: Buffer;
  #at = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  u8(value: number): this {
    this.#at = this.#frame.writeUInt8(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.#frame.writeUInt32LE(value, this.#at);
    return this;
  }

  /** For indexes, terms, node ids and sessions: exact up to 2^53. */
  f64(value: number): this {
    this.#at = this.#frame.writeDoubleLE(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    this.#frame.set(value, this.#at);
    this.#at += value.length;
    return this;
  }
}

/** Reads a frame. @throws RaftError `corrupt` (every method) when the frame is too short or holds what cannot be. */
export class FieldReader {
  readonly #frame: Buffer;
  #at = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  u8(): number {
    return this.#frame.readUInt8(this.#skip(1));
  }

  u32(): number {
    return this.#frame.readUInt32LE(this.#skip(4));
  }

  /** A whole number from 0 to 2^53 - 1. */
  f64(): number {
    const value = this.#frame.readDoubleLE(this.#skip(8));
    if (!Number.isSafeInteger(value) || value < 0) throw corrupt(`the number ${value}`);
    return value;
  }

  /** Shares the frame's memory. */
  bytes(): Buffer {
    const length = this.u32();
    const from = this.#skip(length);
    return this.#frame.subarray(from, from + length);
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return DECODER.decode(bytes);
    } catch (error) {
      throw new RaftError("corrupt", "text that is not UTF-8", { cause: error });
    }
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#at !== this.#frame.length) throw corrupt(`${this.#frame.length - this.#at} bytes too many`);
  }

  #skip(length: number): number {
    const from = this.#at;
    if (from + length > this.#frame.length) throw corrupt("it ends too early");
    this.#at += length;
    return from;
  }
}

function corrupt(why: string): RaftError {
  return new RaftError("corrupt", `a frame does not decode: ${why}`);
}
