/**
 * What one side says before it has been agreed what a connection or a stream is for: multistream-select
 * (https://github.com/multiformats/multistream-select), read before the library does. `@libp2p/utils` 7.4.1 looks at a frame's length
 * byte by byte, each in a microtask, and goes on for as long as it does not end: 200 kB of 0xff from anybody kept the event loop for a
 * second. Here a byte costs some nanoseconds, and whoever says what nobody honest says is not heard further.
 */

/** `open`: not agreed yet. `over`: agreed, what follows is something else. `broken`: this leads to nothing. */
export type Verdict = "open" | "over" | "broken";

/** The library's own bound is 1,024. */
const MAX_TEXT_BYTES = 256;
const MAX_FRAMES = 16;
const MAX_TALK_BYTES = 2_048;
const NEWLINE = 0x0a;
const MORE = 0x80;

/** @returns whether the text of a frame, the `index`th that was said, settles it. */
export type Settles = (text: string, index: number) => boolean;

export class MultistreamTalk {
  readonly #settles: Settles;
  #verdict: Verdict = "open";
  #bytes = 0;
  #frames = 0;
  /** Of the frame that has begun; 0 where its length is not known yet. */
  #length = 0;
  /** The first byte of a length of two. */
  #low: number | undefined;
  #text: number[] = [];

  /** `settles` must be true of nothing that the library would not take for an agreement. */
  constructor(settles: Settles) {
    this.#settles = settles;
  }

  /** Reads on. However the bytes are cut into pieces, the verdict is the same; one that is not `open` is the last. */
  read(bytes: Uint8Array): Verdict {
    for (const byte of bytes) {
      if (this.#verdict !== "open") break;
      this.#bytes += 1;
      if (this.#bytes > MAX_TALK_BYTES) this.#verdict = "broken";
      else this.#verdict = this.#length === 0 ? this.#lengthByte(byte) : this.#textByte(byte);
    }
    return this.#verdict;
  }

  /** A varint of at most two bytes, the shortest for its number. */
  #lengthByte(byte: number): Verdict {
    const low = this.#low;
    if (low === undefined && byte >= MORE) {
      this.#low = byte - MORE;
      return "open";
    }
    this.#low = undefined;
    this.#length = low === undefined ? byte : low + byte * MORE;
    this.#frames += 1;
    const isWrong = byte === 0 || byte >= MORE || this.#length > MAX_TEXT_BYTES || this.#frames > MAX_FRAMES;
    return isWrong ? "broken" : "open";
  }

  #textByte(byte: number): Verdict {
    this.#text.push(byte);
    if (this.#text.length < this.#length) return "open";
    const text = Buffer.from(this.#text.slice(0, -1)).toString();
    this.#length = 0;
    this.#text = [];
    if (byte !== NEWLINE) return "broken";
    return this.#settles(text, this.#frames - 1) ? "over" : "open";
  }
}
