/** One lane of a connection: a socket of its own. Frames of one turn of the event loop leave together. */
import type { Socket } from "node:net";
import { PREFIX_BYTES } from "./splitter.ts";

/** From here on the lane calls itself full, and below a half of it drained. */
const FULL_BYTES = 512 * 1024;
/** What is ready leaves before the end of the turn when it is this much. */
const EARLY_BYTES = 128 * 1024;
/** Pieces from this length on are handed to the socket as they are; shorter ones are joined. */
const LARGE_BYTES = 4 * 1024;
const JOINED_BYTES = 16 * 1024;

export class LaneSocket {
  readonly socket: Socket;
  readonly #drained: () => void;
  /** Whole buffers that wait for the end of the turn. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** Where short pieces are joined: filled from `#joinedFrom` to `#joinedTo`. */
  #joined = Buffer.allocUnsafeSlow(0);
  #joinedFrom = 0;
  #joinedTo = 0;
  #isScheduled = false;
  #isFull = false;

  /** @param drained there is room again */
  constructor(socket: Socket, drained: () => void) {
    this.socket = socket;
    this.#drained = drained;
    socket.setNoDelay(true);
    socket.on("drain", () => this.#reportRoom());
  }

  send(parts: readonly Uint8Array[]): boolean {
    let length = 0;
    for (const part of parts) length += part.length;
    this.#room(PREFIX_BYTES);
    this.#joinedTo = this.#joined.writeUInt32BE(length, this.#joinedTo);
    for (const part of parts) this.#put(part);
    // A turn that sends much shall not keep the other side waiting until its end.
    if (this.#readyBytes >= EARLY_BYTES) this.#flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#flush();
        // What the kernel took at once leaves nothing to be drained.
        if (!this.socket.writableNeedDrain) this.#reportRoom();
      });
    }
    if (this.#waitingBytes() >= FULL_BYTES) this.#isFull = true;
    return !this.#isFull;
  }

  end(): void {
    this.#flush();
    this.socket.end();
  }

  #put(part: Uint8Array): void {
    if (part.length >= LARGE_BYTES) {
      this.#cutJoined();
      this.#ready.push(part);
      this.#readyBytes += part.length;
      return;
    }
    this.#room(part.length);
    this.#joined.set(part, this.#joinedTo);
    this.#joinedTo += part.length;
  }

  #room(bytes: number): void {
    if (this.#joined.length - this.#joinedTo >= bytes) return;
    this.#cutJoined();
    this.#joined = Buffer.allocUnsafeSlow(JOINED_BYTES);
    this.#joinedFrom = 0;
    this.#joinedTo = 0;
  }

  /** What was joined so far is a buffer; the rest of the memory may still be used. */
  #cutJoined(): void {
    if (this.#joinedTo === this.#joinedFrom) return;
    this.#ready.push(this.#joined.subarray(this.#joinedFrom, this.#joinedTo));
    this.#readyBytes += this.#joinedTo - this.#joinedFrom;
    this.#joinedFrom = this.#joinedTo;
  }

  #flush(): void {
    this.#cutJoined();
    const ready = this.#ready;
    this.#ready = [];
    this.#readyBytes = 0;
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.socket.cork();
    for (const buffer of ready) this.socket.write(buffer);
    this.socket.uncork();
  }

  #waitingBytes(): number {
    return this.#readyBytes + this.#joinedTo - this.#joinedFrom + this.socket.writableLength;
  }

  #reportRoom(): void {
    if (!this.#isFull || this.#waitingBytes() > FULL_BYTES / 2) return;
    this.#isFull = false;
    this.#drained();
  }
}
