/** Frames on a stream of bytes: `u32 length · frame`. */
import { ActorError } from "../../errors.ts";
import { readUint32 } from "../../remoting/wire/header.ts";

export const PREFIX_BYTES = 4;

/** Set aside at once for a frame that comes in pieces; more only as it truly arrives. */
const FIRST_PIECE_BYTES = 256 * 1024;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Cuts a stream of bytes, in whatever chunks they come, back into frames. */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  /** The beginning of a prefix or of a frame. */
  #gathered = NOTHING;
  #filled = 0;
  /** Of the frame at hand; undefined while its prefix is not whole. */
  #wanted: number | undefined;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * The frames that `chunk` completes, to be read to the end before the next is given. They are views of the chunk, or of
   * memory of their own where they came in several.
   * @throws ActorError `too-large`: nothing after it can be understood
   */
  *framesOf(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    while (at < chunk.length || this.#wanted === 0) {
      if (this.#wanted === undefined) {
        at += this.#readPrefix(chunk, at);
      } else if (this.#filled === 0 && chunk.length - at >= this.#wanted) {
        const end = at + this.#wanted;
        this.#wanted = undefined;
        yield chunk.subarray(at, end);
        at = end;
      } else {
        at += this.#gather(chunk, at, this.#wanted);
        if (this.#filled === this.#wanted) yield this.#finish();
      }
    }
  }

  #readPrefix(chunk: Uint8Array, at: number): number {
    if (this.#filled === 0 && chunk.length - at >= PREFIX_BYTES) {
      this.#expect(readUint32(chunk, at));
      return PREFIX_BYTES;
    }
    const taken = this.#gather(chunk, at, PREFIX_BYTES);
    if (this.#filled === PREFIX_BYTES) this.#expect(readUint32(this.#finish(), 0));
    return taken;
  }

  #expect(length: number): void {
    if (length > this.#maxFrameBytes) {
      throw new ActorError("too-large", `a frame of ${length} bytes; ${this.#maxFrameBytes} are allowed`);
    }
    this.#wanted = length;
  }

  /** Takes what belongs to `wanted` bytes; the chunk is not kept alive by it. */
  #gather(chunk: Uint8Array, at: number, wanted: number): number {
    const taken = Math.min(wanted - this.#filled, chunk.length - at);
    const needed = this.#filled + taken;
    if (needed > this.#gathered.length) {
      const room = Math.min(wanted, Math.max(needed, FIRST_PIECE_BYTES, this.#gathered.length * 2));
      const grown = Buffer.allocUnsafeSlow(room);
      grown.set(this.#gathered.subarray(0, this.#filled));
      this.#gathered = grown;
    }
    this.#gathered.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled = needed;
    return taken;
  }

  #finish(): Uint8Array {
    const whole = this.#gathered.subarray(0, this.#filled);
    this.#gathered = NOTHING;
    this.#filled = 0;
    this.#wanted = undefined;
    return whole;
  }
}
