/** A connection that a peer has dialled: its messages, or one snapshot. */
import type { Socket } from "node:net";
import type { NodeId } from "../../core/types.ts";
import type { TransportReceiver } from "../../driver/transport.ts";
import { isRaftError, RaftError } from "../../errors.ts";
import { FrameSplitter, type Frame } from "../../wire/frames.ts";
import { decodeMessage, isPassedOn, MESSAGE_FRAME } from "../../wire/message-codec.ts";
import {
  decodeEcho,
  decodeHello,
  encodeEcho,
  encodeSignal,
  HELLO,
  PING,
  PONG,
  WELCOME,
  type Hello,
} from "./control.ts";
import type { TcpLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import { SnapshotReception } from "./snapshot-reception.ts";

/** The node that connections come to. */
export interface Host {
  readonly cluster: string;
  readonly self: NodeId;
  readonly limits: TcpLimits;
  readonly receiver: TransportReceiver;
  link(peer: NodeId): Link;
  /** Someone has said who it is, and what for. */
  met(connection: Incoming, hello: Hello): void;
  closed(connection: Incoming, peer: NodeId | undefined): void;
}

interface Caller {
  readonly id: NodeId;
  readonly link: Link;
  readonly reception: SnapshotReception | undefined;
}

export class Incoming {
  readonly #socket: Socket;
  readonly #host: Host;
  readonly #splitter: FrameSplitter;
  readonly #deadline: NodeJS.Timeout;
  #caller: Caller | undefined;

  constructor(socket: Socket, host: Host) {
    this.#socket = socket;
    this.#host = host;
    this.#splitter = new FrameSplitter(host.limits.maxFrameBytes);
    this.#deadline = setTimeout(() => socket.destroy(), host.limits.helloTimeoutMs);
    let cause: Error | undefined;
    socket.on("data", (chunk: Buffer) => this.#heard(chunk));
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => {
      clearTimeout(this.#deadline);
      const gone = new RaftError("unreachable", "the sender's connection closed before its snapshot ended", { cause });
      this.#caller?.reception?.fail(gone);
      host.closed(this, this.#caller?.id);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #heard(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.framesOf(chunk)) {
        // Once closed, nothing that came with it counts any more.
        if (this.#socket.destroyed) continue;
        this.#take(frame);
      }
    } catch (error) {
      if (!isRaftError(error, "corrupt")) throw error;
      this.#socket.destroy();
    }
  }

  #take(frame: Frame): void {
    const caller = this.#caller;
    if (caller === undefined) {
      this.#greet(frame);
    } else if (caller.link.cutsIn) {
      return;
    } else if (caller.reception !== undefined) {
      caller.reception.take(frame);
      clearTimeout(this.#deadline);
    } else if (frame.kind === PING) {
      this.#say(caller.link, encodeEcho(PONG, decodeEcho(frame.body)));
    } else {
      this.#receive(caller, frame);
    }
  }

  #greet({ kind, body }: Frame): void {
    if (kind !== HELLO) throw new RaftError("corrupt", "a connection that does not begin with a hello");
    const hello = decodeHello(body);
    const { cluster, self, limits, receiver } = this.#host;
    if (hello.cluster !== cluster || hello.to !== self || hello.from === self || hello.from === 0) {
      throw new RaftError("corrupt", `node ${hello.from} of ${hello.cluster} looks for node ${hello.to}`);
    }
    const link = this.#host.link(hello.from);
    const socket = this.#socket;
    const reception =
      hello.purpose === "snapshot"
        ? new SnapshotReception({ socket, self, peer: hello.from, link, limits, receiver })
        : undefined;
    this.#caller = { id: hello.from, link, reception };
    // A snapshot must also begin in time.
    if (reception === undefined) clearTimeout(this.#deadline);
    this.#say(link, encodeSignal(WELCOME));
    this.#host.met(this, hello);
  }

  #receive(caller: Caller, { kind, body }: Frame): void {
    if (kind !== MESSAGE_FRAME) throw new RaftError("corrupt", `a frame ${kind} where none belongs`);
    const message = decodeMessage(body);
    const isOwn = message.from === caller.id || isPassedOn(message.type);
    if (!isOwn || message.to !== this.#host.self) {
      throw new RaftError("corrupt", `node ${caller.id} sent a message from ${message.from} to ${message.to}`);
    }
    this.#host.receiver.receive(message);
  }

  #say(link: Link, bytes: Uint8Array): void {
    link.pass((arrives) => {
      if (arrives && !this.#socket.destroyed) this.#socket.write(bytes);
    });
  }
}
