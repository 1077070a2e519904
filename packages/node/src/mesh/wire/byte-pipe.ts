/**
 * Bytes over a libp2p stream with real back-pressure. libp2p 3's streams buffer without bound when they are only written to,
 * and `onDrain()` resolves once in a stream's life: so what waits is counted here, and `drain` and `idle` are listened to.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { isPeerError, messageOf, PeerError } from "../../errors.ts";
import { SendBuffer } from "./send-buffer.ts";

/** From here on a pipe calls itself full, and below a half of it drained. */
export const FULL_BYTES = 512 * 1024;
/** What is ready leaves before the end of the turn when it is this much. */
const EARLY_BYTES = 128 * 1024;
/** So long the other side may take to end after this one has. */
const LINGER_MS = 5_000;

/** Hears of a pipe. Not called from within a call of the pipe's, except `chunk` from `resume`. */
export interface PipeReceiver {
  /** Bytes, the receiver's own. What it throws closes the pipe. */
  chunk(bytes: Uint8Array): void;
  /** There is room again. */
  drained?(): void;
  /** The other side sends no more. Without this the pipe then ends too. */
  ended?(): void;
  /** The last call, and it always comes; without an error when the other side had ended in order. */
  closed(error: PeerError | undefined): void;
}

export class BytePipe {
  readonly #stream: Stream;
  readonly #receiver: PipeReceiver;
  readonly #sending = new SendBuffer();
  #isScheduled = false;
  #isFull = false;
  #isEnding = false;
  #hasRemoteEnded = false;
  #isClosed = false;
  #error: PeerError | undefined;
  #linger: NodeJS.Timeout | undefined;
  readonly #onRoom = (): void => this.#maybeDrained();

  constructor(stream: Stream, receiver: PipeReceiver) {
    this.#stream = stream;
    this.#receiver = receiver;
    stream.addEventListener("message", (event) => this.#heard(event));
    stream.addEventListener("drain", this.#onRoom);
    stream.addEventListener("end", () => this.#remoteEnded());
    stream.addEventListener("close", (event) => this.#closed(event), { once: true });
    if (stream.readableEnded) this.#remoteEnded();
    if (stream.status !== "open" && stream.status !== "closing") this.#closed(undefined);
  }

  get isOpen(): boolean {
    return !this.#isEnding && !this.isDestroyed;
  }

  /** It is closed, or about to be, and nothing that comes counts any more. */
  get isDestroyed(): boolean {
    return this.#isClosed || this.#error !== undefined;
  }

  /** Bytes that were written and have not left. */
  get waitingBytes(): number {
    return this.#sending.bytes + this.#stream.writeBufferLength;
  }

  /**
   * Takes the pieces in any case; they must not change any more.
   * @returns false when the pipe is full: more should wait for `drained`
   */
  write(pieces: readonly Uint8Array[]): boolean {
    if (!this.isOpen) return true;
    for (const piece of pieces) this.#sending.add(piece);
    if (this.#sending.bytes >= EARLY_BYTES) this.#flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#flush();
      });
    }
    if (!this.#isFull && this.waitingBytes >= FULL_BYTES) {
      this.#isFull = true;
      // Said after each write: who is not full does not listen.
      this.#stream.addEventListener("idle", this.#onRoom);
    }
    return !this.#isFull;
  }

  /** Takes nothing more; what was written before arrives if the other side still reads. */
  end(): void {
    if (!this.isOpen) return;
    this.#flush();
    this.#isEnding = true;
    this.#linger = setTimeout(() => this.destroy(broken("the other side did not end")), LINGER_MS);
    this.#stream.close().catch((error: unknown) => this.destroy(broken(`it could not be ended: ${messageOf(error)}`)));
  }

  /** Closes at once and resets the other side; `closed` is told `error`. */
  destroy(error: PeerError = broken("it was closed here")): void {
    if (this.isDestroyed) return;
    this.#error = error;
    this.#stream.abort(error);
  }

  /** Takes no more from the other side than its window until `resume`. */
  pause(): void {
    if (!this.#hasRemoteEnded && !this.isDestroyed && this.#stream.readStatus === "readable") this.#stream.pause();
  }

  resume(): void {
    // On a closed one libp2p would try to tell the other side, and throw.
    if (!this.isDestroyed && this.#stream.readStatus === "paused") this.#stream.resume();
  }

  #flush(): void {
    if (!this.isOpen || this.#sending.bytes === 0) return;
    try {
      for (const piece of this.#sending.take()) this.#stream.send(piece);
    } catch (error) {
      this.destroy(broken(messageOf(error), error));
    }
    this.#maybeDrained();
  }

  #heard({ data }: StreamMessageEvent): void {
    if (this.isDestroyed) return;
    try {
      this.#receiver.chunk(data.subarray());
    } catch (error) {
      const told = isPeerError(error) ? error : broken(messageOf(error), error);
      this.destroy(told);
    }
  }

  #maybeDrained(): void {
    if (!this.#isFull) return;
    // After libp2p's own listener has written what it could.
    queueMicrotask(() => {
      if (!this.#isFull || !this.isOpen || this.waitingBytes > FULL_BYTES / 2) return;
      this.#isFull = false;
      this.#stream.removeEventListener("idle", this.#onRoom);
      this.#receiver.drained?.();
    });
  }

  #remoteEnded(): void {
    // Of a stream that was reset libp2p says that too.
    const { status } = this.#stream;
    if (this.#hasRemoteEnded || (status !== "open" && status !== "closing")) return;
    this.#hasRemoteEnded = true;
    queueMicrotask(() => {
      if (this.isDestroyed) return;
      if (this.#receiver.ended === undefined) this.end();
      else this.#receiver.ended();
    });
  }

  #closed(event: StreamCloseEvent | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#linger);
    const cause = event?.error;
    if (this.#error === undefined && (cause !== undefined || !this.#hasRemoteEnded)) {
      this.#error = broken(cause === undefined ? "its connection closed" : messageOf(cause), cause);
    }
    queueMicrotask(() => this.#receiver.closed(this.#error));
  }
}

function broken(why: string, cause?: unknown): PeerError {
  return new PeerError("unreachable", `a stream to another peer broke: ${why}`, {
    nextStep: "Wait: peers connect again by themselves.",
    cause,
  });
}
