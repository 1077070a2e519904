/** One snapshot on its way in: taken from the wire no faster than whoever takes it in reads. */
import type { Stream } from "@libp2p/interface";
import { RaftError, type NodeId, type TransportReceiver } from "@parley/raft";
import { messageOf, type PeerError } from "../../../errors.ts";
import { FrameStream } from "../../wire/frame-stream.ts";
import type { RaftTransportLimits } from "./limits.ts";
import {
  badSnapshot,
  decodeSnapshotFrame,
  encodeSnapshotFrame,
  MAX_CHUNK_BYTES,
  type SnapshotFrame,
} from "./snapshot-codec.ts";

/** A chunk, or the message that begins it with its configuration. */
const MAX_FRAME_BYTES = 2 * MAX_CHUNK_BYTES;

export interface ReceptionOptions {
  readonly self: NodeId;
  readonly from: NodeId;
  readonly limits: RaftTransportLimits;
  readonly receiver: TransportReceiver;
  readonly closed: (reception: SnapshotReception) => void;
}

export class SnapshotReception {
  readonly #options: ReceptionOptions;
  readonly #stream: FrameStream;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #contentBytes: number | undefined;
  #arrivedBytes = 0;
  #isComplete = false;
  #isDiscarding = false;
  #isAnswered = false;
  #error: RaftError | undefined;
  #wake: (() => void) | undefined;
  #busy: NodeJS.Timeout | undefined;
  #stall: NodeJS.Timeout | undefined;

  constructor(stream: Stream, options: ReceptionOptions) {
    this.#options = options;
    this.#stream = new FrameStream(stream, MAX_FRAME_BYTES, {
      frame: (frame) => this.#take(decodeSnapshotFrame(frame)),
      closed: (error) => this.#closed(error),
    });
    this.#heard();
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(frame: SnapshotFrame): void {
    this.#heard();
    const hasBegun = this.#contentBytes !== undefined;
    if (frame.type === "begin" && !hasBegun) this.#begin(frame);
    else if (frame.type === "chunk" && hasBegun && !this.#isComplete) this.#add(frame.chunk);
    else if (frame.type === "end" && hasBegun && !this.#isComplete) this.#end();
    else throw badSnapshot(`"${frame.type}" where it does not belong`);
  }

  #begin({ message, contentBytes }: SnapshotFrame & { readonly type: "begin" }): void {
    const { self, from, receiver, limits } = this.#options;
    if (message.type !== "snapshot" || message.from !== from || message.to !== self) {
      throw badSnapshot(`a ${message.type} from ${message.from} to ${message.to}, of node ${from}`);
    }
    this.#contentBytes = contentBytes;
    this.#busy = setInterval(() => this.#say({ type: "busy" }), limits.snapshotStallMs / 4);
    receiver.receiveSnapshot(message, contentBytes, this.#chunks()).then(
      () => this.#answer({ type: "done" }),
      (error: unknown) => this.#answer({ type: "refused", reason: messageOf(error) }),
    );
  }

  #add(chunk: Uint8Array): void {
    this.#arrivedBytes += chunk.length;
    if (this.#arrivedBytes > (this.#contentBytes ?? 0)) throw badSnapshot("it is longer than it said");
    if (this.#isDiscarding) return;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > this.#options.limits.maxSnapshotQueueBytes) this.#stream.pause();
    this.#wake?.();
  }

  #end(): void {
    if (this.#arrivedBytes !== this.#contentBytes) {
      throw badSnapshot(`${this.#arrivedBytes} of ${this.#contentBytes} bytes came`);
    }
    this.#isComplete = true;
    clearTimeout(this.#stall);
    this.#wake?.();
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#queue.shift();
        if (chunk !== undefined) {
          this.#queuedBytes -= chunk.length;
          if (this.#queuedBytes <= this.#options.limits.maxSnapshotQueueBytes / 2) this.#resume();
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
      this.#discard();
    }
  }

  #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = () => {
      this.#wake = undefined;
      resolve();
    };
    return promise;
  }

  #resume(): void {
    this.#heard();
    this.#stream.resume();
  }

  /** What still comes is read and thrown away, so that the sender gets to hear the answer. */
  #discard(): void {
    this.#isDiscarding = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#resume();
  }

  #answer(frame: SnapshotFrame): void {
    clearInterval(this.#busy);
    this.#isAnswered = true;
    if (!this.#isDiscarding) this.#discard();
    this.#say(frame);
    // The sender closes when it has the answer.
    this.#heard();
  }

  #say(frame: SnapshotFrame): void {
    this.#stream.send(...encodeSnapshotFrame(frame));
  }

  /** Where it is the sender's turn it must do something in time; not while this side reads or takes in what has come. */
  #heard(): void {
    clearTimeout(this.#stall);
    const isItsTurn = this.#isAnswered || (!this.#isComplete && (this.#queuedBytes === 0 || this.#isDiscarding));
    if (this.#error !== undefined || !isItsTurn) return;
    const { snapshotStallMs } = this.#options.limits;
    this.#stall = setTimeout(
      () => this.#stream.destroy(badSnapshot(`nothing came for ${snapshotStallMs} ms`)),
      snapshotStallMs,
    );
  }

  #closed(error: PeerError | undefined): void {
    clearTimeout(this.#stall);
    clearInterval(this.#busy);
    this.#error = new RaftError("unreachable", `node ${this.#options.from} ended its snapshot`, { cause: error });
    this.#wake?.();
    this.#options.closed(this);
  }
}
