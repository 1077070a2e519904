/** Frames on a stream of bytes: `u32 length (big-endian) · body`. */
import { PeerError } from "../../errors.ts";

/** Before each frame. */
export const PREFIX_BYTES = 4;
/** Set aside at once for a frame that comes in pieces; more only as it truly arrives, whatever length it claims. */
const FIRST_PIECE_BYTES = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** The length of a frame, as it stands before it. */
export function framePrefix(bodyBytes: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(0, bodyBytes);
  return prefix;
}

/** Cuts bytes, in whatever chunks they come, back into frames. */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  /** A frame that has begun, with its prefix. */
  #begun = NOTHING;
  #filled = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * The frames that `chunk` completes; to be read to the end before the next chunk is given. Views of the chunk, or of
   * memory of their own where they came in several.
   * @throws PeerError `bad-frame` for one that is too long: nothing after it can be understood.
   */
  *framesOf(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    if (this.#filled > 0) {
      at = this.#fill(chunk, 0);
      const whole = this.#finished();
      if (whole === undefined) return;
      yield whole;
    }
    for (;;) {
      const bytes = this.#sizeAt(chunk, at, chunk.length);
      if (bytes === undefined || at + bytes > chunk.length) break;
      yield chunk.subarray(at + PREFIX_BYTES, at + bytes);
      at += bytes;
    }
    if (at < chunk.length) this.#fill(chunk, at);
  }

  /** Bytes of the frame at `at` with its prefix; undefined as long as that is not whole. */
  #sizeAt(bytes: Uint8Array, at: number, end: number): number | undefined {
    if (end - at < PREFIX_BYTES) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, PREFIX_BYTES).getUint32(0);
    if (length > this.#maxFrameBytes) {
      throw new PeerError("bad-frame", `a frame of ${length} bytes came; ${this.#maxFrameBytes} are allowed`, {
        nextStep: "Check that both peers run the same version.",
      });
    }
    return PREFIX_BYTES + length;
  }

  /** Takes what belongs to the frame that has begun, or begins one. Where the rest of the chunk starts. */
  #fill(chunk: Uint8Array, from: number): number {
    let at = from;
    for (;;) {
      const bytes = this.#sizeAt(this.#begun, 0, this.#filled) ?? PREFIX_BYTES;
      const taken = Math.min(bytes - this.#filled, chunk.length - at);
      if (taken === 0) return at;
      this.#makeRoom(this.#filled + taken, bytes);
      this.#begun.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
    }
  }

  #makeRoom(needed: number, frameBytes: number): void {
    if (needed <= this.#begun.length) return;
    const room = Math.min(frameBytes, Math.max(needed, FIRST_PIECE_BYTES, 2 * this.#begun.length));
    const grown = Buffer.allocUnsafeSlow(Math.max(room, PREFIX_BYTES));
    grown.set(this.#begun.subarray(0, this.#filled));
    this.#begun = grown;
  }

  #finished(): Uint8Array | undefined {
    if (this.#sizeAt(this.#begun, 0, this.#filled) !== this.#filled) return undefined;
    const frame = this.#begun.subarray(PREFIX_BYTES, this.#filled);
    this.#begun = NOTHING;
    this.#filled = 0;
    return frame;
  }
}
