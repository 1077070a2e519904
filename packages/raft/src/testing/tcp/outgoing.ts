/** The connection that a node dials to one peer for its messages to it, again and again. */
import { connect, type Socket } from "node:net";
import type { Message, NodeId } from "../../core/types.ts";
import { isRaftError, RaftError } from "../../errors.ts";
import { FrameSplitter } from "../../wire/frames.ts";
import { encodeMessages, messageFrameBytes } from "../../wire/message-codec.ts";
import { decodeEcho, encodeEcho, encodeHello, PING, PONG, WELCOME } from "./control.ts";
import type { TcpLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import { RoundTrip } from "./round-trip.ts";

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** What a node knows of the way to one peer. */
export interface Way {
  readonly cluster: string;
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly address: PeerAddress;
  readonly link: Link;
  readonly limits: TcpLimits;
}

/** A connection that does not last is dialled again as after so many failures, which is soon but not at once. */
const REMEMBERED_FAILURES = 4;

/** What {@link Outgoing} has to say. */
export interface OutgoingEvents {
  unreachable(): void;
  gone(): void;
}

/** One socket, from dial to close. */
interface Connection {
  readonly socket: Socket;
  /** When the peer first said something: it is the peer, and it takes us. */
  establishedMs: number | undefined;
  hasCarried: boolean;
  queuedMessages: number;
  queuedBytes: number;
  errorCode: string | undefined;
}

export class Outgoing {
  readonly #way: Way;
  readonly #events: OutgoingEvents;
  readonly #roundTrip = new RoundTrip();
  readonly #pinging: NodeJS.Timeout;
  #connection: Connection | undefined;
  #isClosed = false;
  /** An established connection has closed, and no dial has told since whether the peer still listens. */
  #isBereaved = false;
  #failedDials = 0;
  #redial: NodeJS.Timeout | undefined;
  #unhook: (() => void) | undefined;
  #report: NodeJS.Timeout | undefined;
  #reportedMs = -Infinity;

  constructor(way: Way, events: OutgoingEvents) {
    this.#way = way;
    this.#events = events;
    this.#pinging = setInterval(() => this.#ping(), way.limits.pingEveryMs);
    this.#dial();
  }

  get roundTripMs(): number | undefined {
    return this.#roundTrip.smoothedMs;
  }

  /** In one write; what does not fit the bounds is dropped. */
  send(messages: readonly Message[]): void {
    const connection = this.#connection;
    if (connection === undefined) {
      this.#dropped();
      return;
    }
    const { link } = this.#way;
    const fitting = this.#fitting(connection, messages);
    if (fitting.length === 0) return;
    const bytes = encodeMessages(fitting);
    connection.hasCarried = true;
    connection.queuedMessages += fitting.length;
    connection.queuedBytes += bytes.length;
    const left = (): void => {
      connection.queuedMessages -= fitting.length;
      connection.queuedBytes -= bytes.length;
    };
    link.pass((arrives) => {
      if (arrives && !connection.socket.destroyed) connection.socket.write(bytes, left);
      else left();
    });
  }

  /** The peer has dialled us: it is there, so there is no use in waiting longer. */
  nudge(): void {
    if (this.#redial === undefined) return;
    clearTimeout(this.#redial);
    this.#dial();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#pinging);
    clearTimeout(this.#redial);
    clearTimeout(this.#report);
    this.#unhook?.();
    this.#connection?.socket.destroy();
    this.#connection = undefined;
  }

  #fitting(connection: Connection, messages: readonly Message[]): readonly Message[] {
    const { maxFrameBytes, maxQueuedBytes, maxQueuedMessages } = this.#way.limits;
    let { queuedBytes, queuedMessages } = connection;
    const fitting = messages.filter((message) => {
      const bytes = messageFrameBytes(message);
      const isFull = queuedMessages >= maxQueuedMessages || (queuedBytes > 0 && queuedBytes + bytes > maxQueuedBytes);
      if (isFull || bytes > maxFrameBytes) return false;
      queuedMessages += 1;
      queuedBytes += bytes;
      return true;
    });
    if (fitting.length < messages.length) this.#dropped();
    return fitting;
  }

  #dial(): void {
    this.#redial = undefined;
    const { address, link, limits, cluster, self, peer } = this.#way;
    if (link.isCut) {
      this.#unhook = link.onceHealed(() => this.#dial());
      return;
    }
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    const connection: Connection = {
      socket,
      establishedMs: undefined,
      hasCarried: false,
      queuedMessages: 0,
      queuedBytes: 0,
      errorCode: undefined,
    };
    this.#connection = connection;
    const deadline = setTimeout(() => socket.destroy(), limits.dialTimeoutMs);
    const splitter = new FrameSplitter(limits.maxFrameBytes);
    const hello = encodeHello({ purpose: "messages", cluster, from: self, to: peer });
    link.pass((arrives) => {
      if (arrives && !socket.destroyed) socket.write(hello);
    });
    socket.on("connect", () => {
      clearTimeout(deadline);
      this.#ping();
    });
    socket.on("data", (chunk: Buffer) => this.#heard(connection, splitter, chunk));
    // At once, and not when all that is queued for a peer that is gone has failed.
    socket.on("end", () => socket.destroy());
    socket.on("error", (error: NodeJS.ErrnoException) => (connection.errorCode = error.code));
    socket.on("close", () => {
      clearTimeout(deadline);
      if (this.#connection === connection) this.#lost(connection);
    });
  }

  #heard(connection: Connection, splitter: FrameSplitter, chunk: Buffer): void {
    try {
      for (const { kind, body } of splitter.framesOf(chunk)) {
        if (kind !== WELCOME && kind !== PONG) throw new RaftError("corrupt", `a frame ${kind} where none belongs`);
        if (this.#way.link.cutsIn || this.#connection !== connection) continue;
        connection.establishedMs ??= performance.now();
        this.#isBereaved = false;
        this.#failedDials = Math.min(this.#failedDials, REMEMBERED_FAILURES);
        if (kind === PONG) this.#roundTrip.answered(decodeEcho(body), performance.now());
      }
    } catch (error) {
      if (!isRaftError(error, "corrupt")) throw error;
      connection.socket.destroy();
    }
  }

  #lost(connection: Connection): void {
    const { link, limits } = this.#way;
    this.#connection = undefined;
    this.#roundTrip.reset();
    const { establishedMs, hasCarried, errorCode } = connection;
    if (establishedMs !== undefined) this.#isBereaved = true;
    const hasDropped = establishedMs !== undefined || hasCarried;
    if (link.isCut) {
      // Through a pulled cable nobody hears that the other side closed.
      this.#unhook = link.onceHealed(() => {
        if (hasDropped) this.#dropped();
        this.#dial();
      });
      return;
    }
    if (hasDropped) this.#dropped();
    // One that lasted is dialled again at once; one that comes and goes is not, or two nodes of one name would spin.
    if (establishedMs !== undefined && performance.now() - establishedMs > limits.maxBackoffMs) this.#failedDials = 0;
    this.#failedDials += 1;
    if (this.#failedDials === 1) {
      this.#dial();
    } else {
      const pauseMs = limits.minBackoffMs * 2 ** Math.min(this.#failedDials - 2, 20);
      this.#redial = setTimeout(() => this.#dial(), Math.min(limits.maxBackoffMs, pauseMs));
    }
    if (this.#isBereaved && errorCode === "ECONNREFUSED") {
      this.#isBereaved = false;
      this.#events.gone();
    }
  }

  #ping(): void {
    const socket = this.#connection?.socket;
    if (socket === undefined || socket.connecting) return;
    const sequence = this.#roundTrip.next(performance.now());
    if (sequence === undefined) return;
    this.#way.link.pass((arrives) => {
      if (arrives && !socket.destroyed) socket.write(encodeEcho(PING, sequence));
    });
  }

  /** Says so soon: never from within `send`, and not more often than the limits allow. */
  #dropped(): void {
    // What a cut link swallows is lost without a word.
    if (this.#isClosed || this.#report !== undefined || this.#way.link.isCut) return;
    const waitMs = this.#reportedMs + this.#way.limits.unreachableEveryMs - performance.now();
    this.#report = setTimeout(
      () => {
        this.#report = undefined;
        this.#reportedMs = performance.now();
        this.#events.unreachable();
      },
      Math.max(0, waitMs),
    );
  }
}
