/** The stream that carries this node's messages to one peer, opened anew on each link. */
import { encodeMessages, messageFrameBytes, type Message } from "@parley/raft";
import type { Logger } from "pino";
import type { MeshConnection } from "../../host/connection.ts";
import { talkOf } from "../../host/talk.ts";
import { BytePipe } from "../../wire/byte-pipe.ts";
import type { RaftTransportLimits } from "./limits.ts";

export const RAFT_PROTOCOL = "/parley/raft/1";

export interface OutgoingOptions {
  readonly limits: RaftTransportLimits;
  readonly log: Logger;
  /** Messages were dropped; said soon, and not too often. */
  readonly unreachable: () => void;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  #connection: MeshConnection | undefined;
  #opening: AbortController | undefined;
  #pipe: BytePipe | undefined;
  /** Encoded, for a stream that is being opened. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #report: NodeJS.Timeout | undefined;
  #reportedMs = -Infinity;
  #isClosed = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** There is a link now, and this is its prompt connection; undefined: there is none. */
  use(connection: MeshConnection | undefined): void {
    if (this.#isClosed) return;
    this.#letGo();
    this.#connection = connection;
    if (connection !== undefined) this.#open(connection);
  }

  /** In one write; what does not fit the bounds is dropped, and said to be. */
  send(messages: readonly Message[]): void {
    if (this.#isClosed) return;
    if (this.#pipe === undefined && this.#opening === undefined && this.#connection?.isOpen === true) {
      this.#open(this.#connection);
    }
    if (this.#pipe === undefined && this.#opening === undefined) return this.#dropped();
    const { maxFrameBytes, maxQueuedBytes } = this.#options.limits;
    let queuedBytes = this.#pipe?.waitingBytes ?? this.#earlyBytes;
    const fitting = messages.filter((message) => {
      const bytes = messageFrameBytes(message);
      if (bytes > maxFrameBytes || (queuedBytes > 0 && queuedBytes + bytes > maxQueuedBytes)) return false;
      queuedBytes += bytes;
      return true;
    });
    if (fitting.length < messages.length) this.#dropped();
    if (fitting.length === 0) return;
    const bytes = encodeMessages(fitting);
    if (this.#pipe !== undefined) {
      // What has to wait says nothing yet.
      if (this.#connection !== undefined && this.#pipe.waitingBytes === 0) talkOf(this.#connection).said();
      this.#pipe.write([bytes]);
    } else {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#report);
    this.#letGo();
  }

  #open(connection: MeshConnection): void {
    const opening = new AbortController();
    this.#opening = opening;
    const late = setTimeout(() => opening.abort(), this.#options.limits.openTimeoutMs);
    connection
      .openStream(RAFT_PROTOCOL, opening.signal)
      .then(
        (stream) => {
          if (this.#opening !== opening) return stream.abort(new Error("another link is used now"));
          this.#opening = undefined;
          const pipe: BytePipe = new BytePipe(stream, {
            // The other side sends on a stream of its own.
            chunk: () => pipe.destroy(),
            closed: () => this.#pipeClosed(pipe),
          });
          this.#pipe = pipe;
          const early = this.#early;
          this.#early = [];
          this.#earlyBytes = 0;
          pipe.write(early);
        },
        (error: unknown) => {
          if (this.#opening !== opening) return;
          this.#options.log.debug({ remote: connection.peer, err: error }, "no stream for Raft");
          this.#letGo();
          this.#dropped();
        },
      )
      .finally(() => clearTimeout(late));
  }

  #pipeClosed(pipe: BytePipe): void {
    if (this.#pipe !== pipe) return;
    this.#pipe = undefined;
    this.#dropped();
  }

  #letGo(): void {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    this.#early = [];
    this.#earlyBytes = 0;
    this.#opening?.abort();
    this.#opening = undefined;
    pipe?.destroy();
  }

  /** Never from within `send`. */
  #dropped(): void {
    if (this.#isClosed || this.#report !== undefined) return;
    const waitMs = this.#reportedMs + this.#options.limits.unreachableEveryMs - performance.now();
    this.#report = setTimeout(
      () => {
        this.#report = undefined;
        this.#reportedMs = performance.now();
        this.#options.unreachable();
      },
      Math.max(0, waitMs),
    );
  }
}
