/** Numbers of any number of bits, one behind the other, the most significant bit first; and Rice codes of them. */

/** Most bits of one number. */
export const MOST_BITS = 24;
/** Zeros that are written, or looked at, at once. */
const ZEROS = 24;
/** Bytes behind the end that may be looked at, and are 0. */
const MARGIN = 8;

export class BitWriter {
  readonly #bytes: Uint8Array;
  #length = 0;
  /** The last bits, of which so many are not written yet: fewer than 8. */
  #last = 0;
  #waiting = 0;

  /** @param mostBytes what is written beyond that is lost */
  constructor(mostBytes: number) {
    this.#bytes = new Uint8Array(mostBytes);
  }

  /** @param value below 2 ** `bits` */
  put(value: number, bits: number): void {
    this.#last = (this.#last << bits) | value;
    this.#waiting += bits;
    while (this.#waiting >= 8) {
      this.#waiting -= 8;
      this.#bytes[this.#length] = this.#last >>> this.#waiting;
      this.#length += 1;
    }
  }

  /** So many zeros and a one, then the lowest `low` bits of the value. */
  putRice(value: number, low: number): void {
    let zeros = value >>> low;
    for (; zeros >= ZEROS; zeros -= ZEROS) this.put(0, ZEROS);
    this.put(1, zeros + 1);
    this.put(value & ((1 << low) - 1), low);
  }

  /** All of it; zeros up to a whole byte. */
  end(): Uint8Array {
    if (this.#waiting > 0) this.put(0, 8 - this.#waiting);
    return this.#bytes.slice(0, this.#length);
  }
}

export class BitReader {
  readonly #view: DataView;
  readonly #endBit: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + MARGIN);
    padded.set(bytes);
    this.#view = new DataView(padded.buffer);
    this.#endBit = 8 * bytes.length;
  }

  /** Undefined: there are not so many. */
  take(bits: number): number | undefined {
    if (bits === 0) return 0;
    const at = this.#at;
    this.#at += bits;
    if (this.#at > this.#endBit) return undefined;
    return (this.#view.getUint32(at >>> 3) << (at & 7)) >>> (32 - bits);
  }

  /** Undefined: it is cut short, or is more than `most`. */
  takeRice(low: number, most: number): number | undefined {
    let zeros = 0;
    for (;;) {
      if (this.#at >= this.#endBit || zeros > most >>> low) return undefined;
      // At least 25 bits of it are what follows.
      const ahead = Math.clz32(this.#view.getUint32(this.#at >>> 3) << (this.#at & 7));
      if (ahead <= ZEROS) {
        zeros += ahead;
        this.#at += ahead + 1;
        break;
      }
      zeros += ZEROS;
      this.#at += ZEROS;
    }
    const rest = this.take(low);
    if (rest === undefined || zeros > most >>> low) return undefined;
    return (zeros << low) | rest;
  }

  /** Whether nothing is left but zeros of the last byte. */
  get isAtEnd(): boolean {
    const left = this.#endBit - this.#at;
    return left >= 0 && left < 8 && this.take(left) === 0;
  }
}
