/** A stream of bytes as frames: `u32 length, little endian | payload`. */
import { RaftError } from "../../errors.ts";

/** A frame that claims to be larger ends the connection. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

const LENGTH_BYTES = 4;
const FIRST_BUFFER_BYTES = 8 * 1024;

/** Cuts frames out of what arrives, however it was split on its way. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Chunks of a frame that is not whole yet, so that it is put together once. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #neededBytes = LENGTH_BYTES;

  /**
   * Frames that `chunk` completes, in order; they share its memory.
   * @throws RaftError `corrupt` for a frame that is empty or too large; nothing that follows can be read then.
   */
  read(chunk: Buffer): readonly Buffer[] {
    this.#parts.push(chunk);
    this.#partsBytes += chunk.length;
    if (this.#partsBytes < this.#neededBytes) return [];
    const [only] = this.#parts;
    this.#rest = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#partsBytes);
    const frames: Buffer[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) break;
      frames.push(frame);
    }
    this.#parts = this.#rest.length === 0 ? [] : [this.#rest];
    this.#partsBytes = this.#rest.length;
    return frames;
  }

  #next(): Buffer | undefined {
    this.#neededBytes = LENGTH_BYTES;
    if (this.#rest.length < LENGTH_BYTES) return undefined;
    const length = this.#rest.readUInt32LE(0);
    if (length === 0 || length > MAX_FRAME_BYTES) throw new RaftError("corrupt", `a frame of ${length} bytes`);
    const end = LENGTH_BYTES + length;
    if (this.#rest.length < end) {
      this.#neededBytes = end;
      return undefined;
    }
    const frame = this.#rest.subarray(LENGTH_BYTES, end);
    this.#rest = this.#rest.subarray(end);
    return frame;
  }
}

/** Frames on their way out: all that one turn of the loop brings goes in one write. */
export class FrameWriter {
  readonly #write: (bytes: Buffer) => void;
  #buffer: Buffer = Buffer.alloc(0);
  #end = 0;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** Room for one frame of `length` bytes, to be filled before this turn ends. */
  frame(length: number): Buffer {
    const end = this.#end + LENGTH_BYTES + length;
    if (this.#end === 0) process.nextTick(() => this.flush());
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BUFFER_BYTES, 2 * this.#buffer.length, end));
      this.#buffer.copy(larger, 0, 0, this.#end);
      this.#buffer = larger;
    }
    this.#buffer.writeUInt32LE(length, this.#end);
    const frame = this.#buffer.subarray(end - length, end);
    this.#end = end;
    return frame;
  }

  flush(): void {
    if (this.#end === 0) return;
    const bytes = this.#buffer.subarray(0, this.#end);
    // The socket keeps what it was given; the rest of the buffer is for the next turn.
    this.#buffer = this.#buffer.subarray(this.#end);
    this.#end = 0;
    this.#write(bytes);
  }
}
