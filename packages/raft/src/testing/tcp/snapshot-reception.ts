/** One snapshot on its way in: frames become chunks for whoever takes it in, no faster than that reads them. */
import type { Socket } from "node:net";
import type { NodeId } from "../../core/types.ts";
import type { TransportReceiver } from "../../driver/transport.ts";
import { RaftError } from "../../errors.ts";
import type { Frame } from "../../wire/frames.ts";
import {
  decodeSnapshotBegin,
  decodeSnapshotChunk,
  encodeRefusal,
  encodeSignal,
  SNAPSHOT_ALIVE,
  SNAPSHOT_BEGIN,
  SNAPSHOT_CHUNK,
  SNAPSHOT_DONE,
  SNAPSHOT_END,
} from "./control.ts";
import type { TcpLimits } from "./limits.ts";
import type { Link } from "./link.ts";

export interface ReceptionOptions {
  readonly socket: Socket;
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly link: Link;
  readonly limits: TcpLimits;
  readonly receiver: TransportReceiver;
}

export class SnapshotReception {
  readonly #options: ReceptionOptions;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Undefined until it has begun. */
  #contentBytes: number | undefined;
  #arrivedBytes = 0;
  #isComplete = false;
  #isDiscarding = false;
  #error: RaftError | undefined;
  #wake: (() => void) | undefined;
  #beat: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#contentBytes !== undefined;
  }

  /** @throws RaftError `corrupt`. */
  take({ kind, body }: Frame): void {
    if (kind === SNAPSHOT_BEGIN && !this.hasBegun) this.#begin(body);
    else if (kind === SNAPSHOT_CHUNK && this.hasBegun) this.#add(body);
    else if (kind === SNAPSHOT_END && this.hasBegun) this.#end();
    else throw new RaftError("corrupt", `a frame ${kind} where none belongs`);
  }

  /** No more will come. */
  fail(error: RaftError): void {
    clearInterval(this.#beat);
    clearTimeout(this.#linger);
    this.#error ??= error;
    this.#wake?.();
  }

  #begin(body: Uint8Array): void {
    const { self, peer, receiver, limits } = this.#options;
    const { message, contentBytes } = decodeSnapshotBegin(body);
    if (message.type !== "snapshot" || message.from !== peer || message.to !== self) {
      throw new RaftError("corrupt", `node ${peer} began no snapshot of its own for node ${self}`);
    }
    this.#contentBytes = contentBytes;
    this.#beat = setInterval(() => this.#say(encodeSignal(SNAPSHOT_ALIVE)), limits.snapshotStallMs / 4);
    receiver.receiveSnapshot(message, contentBytes, this.#chunks()).then(
      () => this.#answer(encodeSignal(SNAPSHOT_DONE)),
      (error: unknown) => this.#answer(encodeRefusal(error instanceof Error ? error.message : String(error))),
    );
  }

  #add(body: Uint8Array): void {
    const { offset, chunk } = decodeSnapshotChunk(body);
    if (offset !== this.#arrivedBytes || offset + chunk.length > (this.#contentBytes ?? 0) || this.#isComplete) {
      throw new RaftError("corrupt", `${chunk.length} bytes of a snapshot at ${offset}, after ${this.#arrivedBytes}`);
    }
    this.#arrivedBytes += chunk.length;
    if (this.#isDiscarding) return;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > this.#options.limits.maxSnapshotQueueBytes) this.#options.socket.pause();
    this.#wake?.();
  }

  #end(): void {
    if (this.#arrivedBytes !== this.#contentBytes) {
      throw new RaftError("corrupt", `${this.#arrivedBytes} bytes of a snapshot of ${this.#contentBytes} have come`);
    }
    this.#isComplete = true;
    this.#wake?.();
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const { socket, limits } = this.#options;
    try {
      for (;;) {
        const chunk = this.#queue.shift();
        if (chunk !== undefined) {
          this.#queuedBytes -= chunk.length;
          if (this.#queuedBytes <= limits.maxSnapshotQueueBytes / 2) socket.resume();
          yield chunk;
        } else if (this.#isComplete) {
          return;
        } else if (this.#error !== undefined) {
          throw this.#error;
        } else {
          await this.#more();
        }
      }
    } finally {
      this.#isDiscarding = true;
      this.#queue.length = 0;
      socket.resume();
    }
  }

  /** Until something has changed, or nothing has for too long. */
  #more(): Promise<void> {
    const { peer, limits } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stall = setTimeout(() => {
      this.fail(new RaftError("unreachable", `node ${peer} stopped sending its snapshot`));
    }, limits.snapshotStallMs);
    this.#wake = () => {
      clearTimeout(stall);
      this.#wake = undefined;
      resolve();
    };
    return promise;
  }

  #say(bytes: Uint8Array, then?: () => void): void {
    const { link, socket } = this.#options;
    link.pass((arrives) => {
      if (!arrives || socket.destroyed) return;
      socket.write(bytes);
      then?.();
    });
  }

  #answer(bytes: Uint8Array): void {
    const { socket, limits } = this.#options;
    clearInterval(this.#beat);
    if (socket.destroyed) return;
    this.#isDiscarding = true;
    this.#queue.length = 0;
    // What still comes is read and thrown away until the sender has the answer: closing on it could lose the answer.
    socket.resume();
    this.#linger = setTimeout(() => socket.destroy(), limits.helloTimeoutMs);
    this.#say(bytes, () => socket.end());
  }
}
