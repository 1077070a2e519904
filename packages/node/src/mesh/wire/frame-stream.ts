/** Frames over a libp2p stream: whole, in order, bounded, no faster than the other side takes them. */
import type { Stream } from "@libp2p/interface";
import type { PeerError } from "../../errors.ts";
import { BytePipe } from "./byte-pipe.ts";
import { framePrefix, FrameSplitter } from "./frame-splitter.ts";

/** Hears of a {@link FrameStream}; as `PipeReceiver`. */
export interface FrameReceiver {
  /** A frame, the receiver's own. What it throws closes the stream. */
  frame(frame: Uint8Array): void;
  /** Bytes have come, be they only part of a frame. Called before `frame`. */
  heard?(): void;
  drained?(): void;
  ended?(): void;
  /** With `bad-frame` when a frame was too long. */
  closed(error: PeerError | undefined): void;
}

export class FrameStream {
  readonly maxFrameBytes: number;
  readonly #pipe: BytePipe;
  readonly #splitter: FrameSplitter;
  readonly #receiver: FrameReceiver;

  constructor(stream: Stream, maxFrameBytes: number, receiver: FrameReceiver) {
    this.maxFrameBytes = maxFrameBytes;
    this.#splitter = new FrameSplitter(maxFrameBytes);
    this.#receiver = receiver;
    this.#pipe = new BytePipe(stream, {
      chunk: (bytes) => this.#chunk(bytes),
      closed: (error) => receiver.closed(error),
      drained: () => receiver.drained?.(),
      ...(receiver.ended === undefined ? {} : { ended: () => receiver.ended?.() }),
    });
  }

  get isOpen(): boolean {
    return this.#pipe.isOpen;
  }

  get waitingBytes(): number {
    return this.#pipe.waitingBytes;
  }

  /**
   * Sends a frame, given in pieces that must not change any more. Takes it in any case.
   * @returns false when it is full: the next frame should wait for `drained`
   * @throws RangeError for a frame that is longer than allowed
   */
  send(...pieces: readonly Uint8Array[]): boolean {
    let length = 0;
    for (const piece of pieces) length += piece.length;
    if (length > this.maxFrameBytes) throw new RangeError(`a frame of ${length} bytes; ${this.maxFrameBytes} fit`);
    return this.#pipe.write([framePrefix(length), ...pieces]);
  }

  end(): void {
    this.#pipe.end();
  }

  destroy(error?: PeerError): void {
    this.#pipe.destroy(error);
  }

  pause(): void {
    this.#pipe.pause();
  }

  resume(): void {
    this.#pipe.resume();
  }

  #chunk(bytes: Uint8Array): void {
    this.#receiver.heard?.();
    for (const frame of this.#splitter.framesOf(bytes)) {
      this.#receiver.frame(frame);
      // What came with it counts no more once the receiver has closed the stream.
      if (this.#pipe.isDestroyed) return;
    }
  }
}
