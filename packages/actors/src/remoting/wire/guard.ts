/**
 * A look at MessagePack bytes before they are read. The reader knows many more forms than messages need, among them some
 * that build code, patterns or cycles; what is let through here is one whole value of the forms listed below, no deeper
 * than a stack can bear, in which no length promises more than has come.
 */
import { ActorError } from "../../errors.ts";
import { readUint16, readUint32 } from "./header.ts";

const MAX_DEPTH = 64;
const MAX_BIG_INTEGER_BYTES = 1024;

/** The reader gives such a key another name. */
const PROTO: readonly number[] = [...Buffer.from("__proto__")];

/** Extensions that messages may hold. */
export const EXTENSION = {
  undefined: 0x00,
  bigInteger: 0x42,
  /** Ours: a reference, as its address. */
  ref: 0x50,
  /** Ours: bytes that follow the value, as their length. */
  attached: 0x51,
  set: 0x73,
  typedArray: 0x74,
  timestamp: 0xff,
} as const;

/**
 * @throws ActorError `bad-message` unless what lies in `bytes` from `start` to `end` is exactly one value that messages may
 * be, and what is `attachedBytes` long after it exactly what the value says is attached
 */
export function mustBeReadable(bytes: Uint8Array, start: number, end: number, attachedBytes: number): void {
  const attached = new Walk(bytes, start, end).value();
  if (attached !== attachedBytes) throw malformed(`${attached} bytes are attached, and ${attachedBytes} came`);
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #attachedBytes = 0;
  /** Per container around the value at hand: what is still to come in it. Maps count keys and values. */
  readonly #left: number[] = [];
  readonly #isMap: boolean[] = [];

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start;
  }

  /** @returns how many bytes it says are attached */
  value(): number {
    this.#one();
    let top = this.#left.length - 1;
    while (top >= 0) {
      const left = this.#left[top] ?? 0;
      if (left === 0) {
        this.#left.pop();
        this.#isMap.pop();
      } else {
        this.#left[top] = left - 1;
        if (this.#isMap[top] === true && (left & 1) === 0) this.#key();
        else this.#one();
      }
      top = this.#left.length - 1;
    }
    if (this.#at !== this.#end) throw malformed("more follows the value");
    return this.#attachedBytes;
  }

  #key(): void {
    const token = this.#bytes[this.#at] ?? 0;
    const isText = (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb);
    if (!isText) throw malformed("a map has a key that is no text");
    const before = this.#at + (token < 0xc0 ? 1 : 1 + (1 << (token - 0xd9)));
    this.#one();
    if (this.#at - before === PROTO.length && PROTO.every((byte, i) => this.#bytes[before + i] === byte)) {
      throw malformed("a map has a key called __proto__");
    }
  }

  #one(): void {
    const token = this.#uint(1);
    if (token < 0x80 || token >= 0xe0) return;
    if (token < 0x90) return this.#open(token - 0x80, true);
    if (token < 0xa0) return this.#open(token - 0x90, false);
    if (token < 0xc0) return this.#skip(token - 0xa0);
    this.#long(token);
  }

  #long(token: number): void {
    switch (token) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#uint(1));
      case 0xc5:
      case 0xda:
        return this.#skip(this.#uint(2));
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#uint(4));
      case 0xdc:
      case 0xdd:
        return this.#open(this.#uint(token === 0xdc ? 2 : 4), false);
      case 0xde:
      case 0xdf:
        return this.#open(this.#uint(token === 0xde ? 2 : 4), true);
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return this.#skip(8);
      case 0xd4:
        return this.#tag();
      default:
        return this.#extension(token);
    }
  }

  /** A one-byte extension: it marks the value after it, or is one by itself. */
  #tag(): void {
    const type = this.#uint(1);
    const filler = this.#uint(1);
    if (type === EXTENSION.set) {
      const token = this.#bytes[this.#at] ?? 0;
      if ((token < 0x90 || token >= 0xa0) && token !== 0xdc && token !== 0xdd) throw malformed("a set is no list");
      return this.#one();
    }
    const isInvalidDate = type === EXTENSION.timestamp && filler === 0xff;
    if (type !== EXTENSION.undefined && !isInvalidDate) throw unknownExtension(type);
  }

  #extension(token: number): void {
    const bytes = this.#extensionBytes(token);
    const type = this.#uint(1);
    if (type === EXTENSION.attached && bytes === 4) {
      this.#attachedBytes += this.#uint(4);
      return;
    }
    const fits =
      type === EXTENSION.ref ||
      (type === EXTENSION.typedArray && bytes > 0) ||
      (type === EXTENSION.bigInteger && bytes > 0 && bytes <= MAX_BIG_INTEGER_BYTES) ||
      (type === EXTENSION.timestamp && (bytes === 4 || bytes === 8 || bytes === 12));
    if (!fits) throw unknownExtension(type);
    this.#skip(bytes);
  }

  #extensionBytes(token: number): number {
    // fixext 2, 4, 8, 16
    if (token >= 0xd5 && token <= 0xd8) return 2 << (token - 0xd5);
    // ext 8, 16, 32
    if (token >= 0xc7 && token <= 0xc9) return this.#uint(1 << (token - 0xc7));
    throw malformed(`nothing begins with ${token}`);
  }

  #open(length: number, isMap: boolean): void {
    const values = isMap ? 2 * length : length;
    // Each takes a byte at least.
    if (values > this.#end - this.#at) throw malformed("it ends too early");
    if (values === 0) return;
    if (this.#left.length >= MAX_DEPTH) throw malformed(`it is nested more than ${MAX_DEPTH} deep`);
    this.#left.push(values);
    this.#isMap.push(isMap);
  }

  #uint(bytes: number): number {
    const at = this.#at;
    this.#skip(bytes);
    if (bytes === 1) return this.#bytes[at] ?? 0;
    return bytes === 2 ? readUint16(this.#bytes, at) : readUint32(this.#bytes, at);
  }

  #skip(bytes: number): void {
    if (bytes > this.#end - this.#at) throw malformed("it ends too early");
    this.#at += bytes;
  }
}

function malformed(why: string): ActorError {
  return new ActorError("bad-message", `a message cannot be read: ${why}`);
}

function unknownExtension(type: number): ActorError {
  return malformed(`it holds something of kind ${type}, which messages may not`);
}
