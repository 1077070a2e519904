/** A connection of one socket per lane. It lives as long as all of them. */
import type { Socket } from "node:net";
import { ActorError, isActorError } from "../../errors.ts";
import { type ConnectionReceiver, type Lane, LANES, type TransportConnection } from "../../remoting/transport.ts";
import { LaneSocket } from "./lane-socket.ts";
import { FrameSplitter } from "./splitter.ts";

/** What has been sent may take so long to leave after the end. */
const LINGER_MS = 1_000;

export type LaneSockets = Readonly<Record<Lane, Socket>>;

export class TcpConnection implements TransportConnection {
  /** Nothing is proven here: for tests on one machine. */
  readonly peer = undefined;
  readonly #lanes: Readonly<Record<Lane, LaneSocket>>;
  readonly #receiver: ConnectionReceiver;
  readonly #forget: (connection: TcpConnection) => void;
  #open = LANES.length;
  #isEnding = false;
  #isClosed = false;
  #error: ActorError | undefined;
  #linger: NodeJS.Timeout | undefined;

  /**
   * @param receiverOf called at once; nothing is read before
   * @param forget called once, when all its sockets are closed
   */
  constructor(
    sockets: LaneSockets,
    maxFrameBytes: number,
    receiverOf: (connection: TcpConnection) => ConnectionReceiver,
    forget: (connection: TcpConnection) => void,
  ) {
    const lane = (name: Lane): LaneSocket => new LaneSocket(sockets[name], () => this.#drained(name));
    this.#lanes = { control: lane("control"), message: lane("message"), bulk: lane("bulk") };
    this.#forget = forget;
    this.#receiver = receiverOf(this);
    for (const name of LANES) this.#listen(name, sockets[name], maxFrameBytes);
  }

  send(lane: Lane, frame: readonly Uint8Array[]): boolean {
    return this.#isEnding || this.#isClosed ? true : this.#lanes[lane].send(frame);
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    for (const name of LANES) this.#lanes[name].end();
    this.#linger = setTimeout(() => this.#destroyAll(), LINGER_MS);
  }

  destroy(): void {
    this.#fail(new ActorError("peer-gone", "the connection was destroyed"));
  }

  #listen(name: Lane, socket: Socket, maxFrameBytes: number): void {
    const splitter = new FrameSplitter(maxFrameBytes);
    socket.on("data", (chunk: Buffer) => this.#heard(name, splitter, chunk));
    socket.on("error", (cause) => this.#fail(new ActorError("peer-gone", "the connection broke", { cause })));
    // The other side ends it in order: nothing more comes, and nothing more is wanted.
    socket.on("end", () => this.end());
    socket.on("close", () => this.#socketClosed());
    if (socket.destroyed) this.#fail(new ActorError("peer-gone", "the connection broke at once"));
    else socket.resume();
  }

  #heard(lane: Lane, splitter: FrameSplitter, chunk: Uint8Array): void {
    if (this.#isClosed || this.#error !== undefined) return;
    this.#receiver.heard();
    try {
      for (const frame of splitter.framesOf(chunk)) {
        // Once it is broken, nothing that came with it counts any more.
        if (this.#error === undefined) this.#receiver.frame(lane, frame);
      }
    } catch (error) {
      if (!isActorError(error)) throw error;
      this.#fail(error);
    }
  }

  #drained(lane: Lane): void {
    if (!this.#isClosed && this.#error === undefined && !this.#isEnding) this.#receiver.drained(lane);
  }

  #fail(error: ActorError): void {
    if (this.#isClosed) return;
    // An error while everything closes in order changes nothing any more.
    if (!this.#isEnding) this.#error ??= error;
    this.#destroyAll();
  }

  #destroyAll(): void {
    for (const name of LANES) {
      const { socket } = this.#lanes[name];
      if (socket.destroyed) continue;
      // The other side shall know at once that this is no end in order. But a socket that is about to end cannot be reset: the
      // kernel's refusal would leave it open for ever.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #socketClosed(): void {
    this.#open -= 1;
    if (this.#open === LANES.length - 1 && !this.#isEnding) {
      this.#error ??= new ActorError("peer-gone", "the connection was closed");
      this.#destroyAll();
    }
    if (this.#open > 0) return;
    clearTimeout(this.#linger);
    this.#isClosed = true;
    this.#forget(this);
    this.#receiver.closed(this.#error);
  }
}
