/** Reading a byte stream in the sizes a parser wants, whatever the sizes it arrives in. */
import { AudioError, isAudioError } from "../errors.ts";
import { abortable, abortError } from "./abort.ts";

/** Bytes copied from the source at a time: a source that yields one huge array does not double it. */
const COPY_BYTES = 64 * 1024;

/** Where the bytes come from and what to call it in messages. */
export interface ByteReaderOptions {
  readonly label: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A window that slides over a byte stream. Parsers look at what is buffered synchronously and await {@link need} only
 * when it is not enough, so that a frame costs no promise. Memory is what the largest `need` asked for, plus one copy.
 */
export class ByteReader {
  readonly label: string;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #buffer = new Uint8Array(2 * COPY_BYTES);
  #start = 0;
  #end = 0;
  #pending: Uint8Array = new Uint8Array(0);
  #ended = false;
  #position = 0;
  /** What the source failed with. The stream counts as ended there, so that what came before is used first. */
  failure: AudioError | undefined;

  constructor(source: AsyncIterable<Uint8Array>, options: ByteReaderOptions) {
    this.label = options.label;
    this.#signal = options.signal;
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes that can be looked at without waiting. */
  get available(): number {
    return this.#end - this.#start;
  }

  /** Offset in the stream of the first byte of {@link view}. */
  get position(): number {
    return this.#position;
  }

  /** True once the source has ended and nothing of it is left to copy; {@link available} may still be above 0. */
  get ended(): boolean {
    return this.#ended && this.#pending.length === 0;
  }

  /** The buffered bytes, first `length` of them when given. Valid until the next `need`, `skip` or `discard`. */
  view(length = this.available): Uint8Array {
    return this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + length));
  }

  /** Drops `length` buffered bytes; at most {@link available}. */
  skip(length: number): void {
    this.#start += length;
    this.#position += length;
  }

  /**
   * Waits until `length` bytes are buffered; false when the stream ends or fails before.
   * @throws AudioError `job-cancelled`, `job-timed-out`.
   */
  async need(length: number): Promise<boolean> {
    while (this.available < length) {
      if (!(await this.#fill(length))) return false;
    }
    return true;
  }

  /** Drops the next `length` bytes of the stream, buffered or not; the number really dropped. */
  async discard(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      if (this.available === 0 && !(await this.need(1))) break;
      const step = Math.min(left, this.available);
      this.skip(step);
      left -= step;
    }
    return length - left;
  }

  /** Tells the source that no more is wanted. Never rejects: the outcome of the reading is already known. */
  async close(): Promise<void> {
    const wasOpen = !this.#ended;
    this.#ended = true;
    this.#pending = new Uint8Array(0);
    if (!wasOpen || this.#source.return === undefined) return;
    // A source stuck in next() would hold return() forever: it is told, not waited for, once reading was aborted.
    const closing = Promise.resolve(this.#source.return()).then(
      () => undefined,
      () => undefined,
    );
    if (this.#signal?.aborted !== true) await closing;
  }

  async #fill(wanted: number): Promise<boolean> {
    while (this.#pending.length === 0) {
      if (this.#ended) return false;
      this.#pending = await this.#next();
    }
    const piece = this.#pending.subarray(0, COPY_BYTES);
    this.#pending = this.#pending.subarray(piece.length);
    this.#makeRoom(piece.length, wanted);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
    return true;
  }

  async #next(): Promise<Uint8Array> {
    if (this.#signal?.aborted === true) throw abortError(this.#signal, `reading ${this.label}`);
    try {
      const step = await abortable(this.#source.next(), this.#signal, `reading ${this.label}`);
      if (step.done !== true) return step.value;
    } catch (error) {
      if (isAudioError(error, "job-cancelled", "job-timed-out")) throw error;
      this.failure = isAudioError(error) ? error : sourceFailed(this.label, error);
    }
    this.#ended = true;
    return new Uint8Array(0);
  }

  #makeRoom(bytes: number, wanted: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const size = Math.max(this.#buffer.length, this.available + bytes, wanted + COPY_BYTES);
    const target = size > this.#buffer.length ? new Uint8Array(2 * size) : this.#buffer;
    target.set(this.view());
    this.#end = this.available;
    this.#start = 0;
    this.#buffer = target;
  }
}

function sourceFailed(label: string, cause: unknown): AudioError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AudioError("file-unreadable", `Reading ${label} failed: ${why}`, {
    nextStep: "Check that the source of the audio is still there, then try again.",
    cause,
  });
}

/** Big-endian and little-endian reads, and four-character codes. Offsets must lie inside `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `length` bytes from `offset` as Latin-1 text. */
export function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

/**
 * Drops what is buffered up to the next `marker`, at least one byte. The number of bytes dropped that were not zero:
 * padding with zeros is common and harmless.
 */
export function skipJunk(reader: ByteReader, marker: number): number {
  const bytes = reader.view();
  let junk = 0;
  let length = 0;
  do {
    if (bytes[length] !== 0) junk++;
    length++;
  } while (length < bytes.length && bytes[length] !== marker);
  reader.skip(length);
  return junk;
}
