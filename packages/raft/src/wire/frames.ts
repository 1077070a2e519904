/**
 * Frames on a stream of bytes: `u32 length · u8 version · u8 kind · body`, where the length counts what follows it.
 * Kind 0 is a message of the core; the others are the transport's own.
 */
import { invariant, RaftError } from "../errors.ts";
import { WireReader, WireWriter } from "./fields.ts";

/** Version of the frames and of all that is in them. */
export const WIRE_VERSION = 1;
/** Everything before the body. */
export const FRAME_HEADER_BYTES = 6;
/** What a frame may take with its header, unless said otherwise. */
export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);
const LENGTH_BYTES = 4;
const AFTER_LENGTH_BYTES = FRAME_HEADER_BYTES - LENGTH_BYTES;
/** Set aside at once for a frame that comes in pieces; more only as it truly arrives. */
const FIRST_PIECE_BYTES = 1024 * 1024;

export interface Frame {
  /** 0 to 255. */
  readonly kind: number;
  /** A view of the chunk it came in, or of a buffer of its own when it came in several. */
  readonly body: Uint8Array;
}

export function encodeFrame(kind: number, body: Uint8Array): Uint8Array {
  const writer = new WireWriter(FRAME_HEADER_BYTES + body.length);
  writeFrameHeader(writer, kind, body.length);
  writer.data(body);
  return writer.done();
}

export function writeFrameHeader(writer: WireWriter, kind: number, bodyBytes: number): void {
  writer.u32(AFTER_LENGTH_BYTES + bodyBytes);
  writer.u8(WIRE_VERSION);
  writer.u8(kind);
}

/**
 * Cuts a stream of bytes, in whatever chunks they come, back into frames. What it holds is never more than twice what
 * has arrived of one frame (and a first piece of 1 MiB), whatever length the frame claims.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  /** The beginning of a frame of which more is to come. */
  #gathered = NOTHING;
  #filled = 0;
  #isSplitting = false;

  constructor(maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * The frames that `chunk` completes; to be read to the end before the next chunk is given.
   * @throws RaftError `corrupt` (too long, too short, of another version): nothing after it can be understood, and the
   * splitter is of no more use.
   */
  *framesOf(chunk: Uint8Array): Generator<Frame, void, undefined> {
    invariant(!this.#isSplitting, "the frames of the chunk before were not read to the end");
    this.#isSplitting = true;
    let rest = chunk;
    if (this.#filled > 0) {
      rest = this.#gather(rest);
      const frame = this.#finished();
      if (frame !== undefined) yield frame;
    }
    while (rest.length > 0) {
      const size = this.#sizeOf(rest, rest.length);
      if (size === undefined || size > rest.length) {
        this.#begin(rest, size);
        break;
      }
      yield frameIn(rest, size);
      rest = rest.subarray(size);
    }
    this.#isSplitting = false;
  }

  /** Length of the frame at the start of `bytes`, as soon as that can be told. */
  #sizeOf(bytes: Uint8Array, length: number): number | undefined {
    if (length < LENGTH_BYTES) return undefined;
    const after = new WireReader(bytes).u32();
    const size = LENGTH_BYTES + after;
    if (after < AFTER_LENGTH_BYTES || size > this.#maxFrameBytes) {
      throw new RaftError("corrupt", `a frame of ${size} bytes; ${this.#maxFrameBytes} are allowed`);
    }
    const version = length > LENGTH_BYTES ? bytes[LENGTH_BYTES] : WIRE_VERSION;
    if (version !== WIRE_VERSION) {
      throw new RaftError("corrupt", `a frame of version ${version}; this peer speaks ${WIRE_VERSION}`);
    }
    return size;
  }

  /** Keeps the beginning of a frame: copied, so that it does not keep the chunk alive. */
  #begin(start: Uint8Array, size: number | undefined): void {
    this.#gathered = Buffer.allocUnsafeSlow(Math.min(size ?? FRAME_HEADER_BYTES, FIRST_PIECE_BYTES + start.length));
    this.#gathered.set(start);
    this.#filled = start.length;
  }

  /** Adds what belongs to the frame that was begun; the rest of `chunk`. */
  #gather(chunk: Uint8Array): Uint8Array {
    let rest = chunk;
    while (rest.length > 0) {
      const size = this.#sizeOf(this.#gathered, this.#filled);
      if (size === this.#filled) break;
      // Up to the end of the header one byte at a time: before that nothing says where the frame ends.
      const wanted = this.#filled < FRAME_HEADER_BYTES ? 1 : (size ?? FRAME_HEADER_BYTES) - this.#filled;
      const taken = Math.min(wanted, rest.length);
      this.#makeRoom(this.#filled + taken, size ?? FRAME_HEADER_BYTES);
      this.#gathered.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
    }
    return rest;
  }

  #makeRoom(needed: number, size: number): void {
    if (needed <= this.#gathered.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(size, this.#gathered.length * 2)));
    grown.set(this.#gathered.subarray(0, this.#filled));
    this.#gathered = grown;
  }

  #finished(): Frame | undefined {
    const size = this.#sizeOf(this.#gathered, this.#filled);
    if (size !== this.#filled) return undefined;
    const frame = frameIn(this.#gathered, size);
    this.#gathered = NOTHING;
    this.#filled = 0;
    return frame;
  }
}

function frameIn(bytes: Uint8Array, size: number): Frame {
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + FRAME_HEADER_BYTES, size - FRAME_HEADER_BYTES);
  return { kind: bytes[LENGTH_BYTES + 1] ?? 0, body };
}
