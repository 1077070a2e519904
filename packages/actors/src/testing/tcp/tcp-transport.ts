/**
 * Frames over plain TCP, for tests: nobody proves who he is. A connection is one socket per lane; each begins
 * with the lane's number and the connection's id, by which the other side finds together what belongs together.
 */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { ActorError } from "../../errors.ts";
import {
  type AcceptConnection,
  type ActorTransport,
  type ConnectionReceiver,
  type Lane,
  LANES,
  type TransportConnection,
} from "../../remoting/transport.ts";
import { type LaneSockets, TcpConnection } from "./tcp-connection.ts";

const LOOPBACK = "127.0.0.1";
const ID_BYTES = 16;
const PREAMBLE_BYTES = 1 + ID_BYTES;
/** Sockets of one connection must come within this time. */
const GATHER_TIMEOUT_MS = 2_000;
/** Connections of which not all sockets have come yet. */
const MAX_GATHERING = 256;

export interface TcpTransportOptions {
  /** Where it listens. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** The port of a peer; undefined when it is not known. */
  readonly portOf: (peer: string) => number | undefined;
  /** Where a peer is. Default: every one on 127.0.0.1. */
  readonly hostOf?: (peer: string) => string;
  /** Default 16 MiB. */
  readonly maxFrameBytes?: number;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

interface Gathering {
  readonly sockets: Partial<Record<Lane, Socket>>;
  readonly timer: NodeJS.Timeout;
}

export class TcpTransport implements ActorTransport {
  readonly maxFrameBytes: number;
  readonly #options: TcpTransportOptions;
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#greet(socket));
  readonly #connections = new Set<TcpConnection>();
  /** Everything open that is no connection yet. */
  readonly #loose = new Set<Socket>();
  readonly #gathering = new Map<string, Gathering>();
  #accept: AcceptConnection | undefined;
  #isClosed = false;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024;
  }

  /** Where it listens; 0 before it does. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  listen(accept: AcceptConnection): Promise<void> {
    this.#accept = accept;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port ?? 0, this.#options.host ?? LOOPBACK, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  async connect(peer: string, receiver: ConnectionReceiver, signal: AbortSignal): Promise<TransportConnection> {
    const port = this.#options.portOf(peer);
    if (port === undefined) throw new ActorError("peer-gone", `nobody knows where ${peer} is`);
    if (this.#isClosed) throw new ActorError("peer-gone", "this transport is closed");
    const id = randomBytes(ID_BYTES);
    const place = { port, host: this.#options.hostOf?.(peer) ?? LOOPBACK };
    const dials = LANES.map((lane, index) => this.#dial(place, Buffer.concat([Buffer.of(index), id]), signal, lane));
    try {
      const [control, message, bulk] = await Promise.all(dials);
      if (control === undefined || message === undefined || bulk === undefined || this.#isClosed) {
        throw new ActorError("peer-gone", "this transport is closed");
      }
      return this.#join({ control, message, bulk }, () => receiver);
    } catch (error) {
      for (const dialled of await Promise.allSettled(dials)) {
        if (dialled.status === "fulfilled") this.#drop(dialled.value);
      }
      if (error instanceof ActorError) throw error;
      throw new ActorError("peer-gone", `${peer} cannot be reached`, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#gathering.values()) clearTimeout(timer);
    this.#gathering.clear();
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#loose) this.#drop(socket);
    if (!this.#server.listening) return;
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #dial(place: Place, preamble: Uint8Array, signal: AbortSignal, lane: Lane): Promise<Socket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(cancelled(lane));
      const socket = connect({ ...place, noDelay: true });
      this.#loose.add(socket);
      const abort = (): void => {
        socket.destroy();
        reject(cancelled(lane));
      };
      signal.addEventListener("abort", abort, { once: true });
      socket.once("error", reject);
      socket.once("close", () => {
        this.#loose.delete(socket);
        signal.removeEventListener("abort", abort);
        reject(new ActorError("peer-gone", "the connection was closed"));
      });
      socket.once("connect", () => {
        signal.removeEventListener("abort", abort);
        socket.write(preamble);
        resolve(socket);
      });
    });
  }

  /** Reads whose socket it is. */
  #greet(socket: Socket): void {
    if (this.#isClosed) return void socket.destroy();
    this.#loose.add(socket);
    const timer = setTimeout(() => this.#drop(socket), GATHER_TIMEOUT_MS);
    // A broken socket closes; that is all there is to know about it.
    const broken = (): void => this.#drop(socket);
    socket.once("error", broken);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#loose.delete(socket);
    });
    const read = (): void => {
      const preamble: unknown = socket.read(PREAMBLE_BYTES);
      if (!Buffer.isBuffer(preamble)) return;
      clearTimeout(timer);
      socket.off("readable", read);
      const lane = LANES[preamble[0] ?? LANES.length];
      if (lane === undefined || preamble.length < PREAMBLE_BYTES) return this.#drop(socket);
      socket.off("error", broken);
      this.#gather(preamble.toString("hex", 1), lane, socket);
    };
    socket.on("readable", read);
  }

  #gather(id: string, lane: Lane, socket: Socket): void {
    const give = (): void => {
      for (const each of Object.values(this.#gathering.get(id)?.sockets ?? {})) this.#drop(each);
      this.#gathering.delete(id);
    };
    const gathering = this.#gathering.get(id) ?? { sockets: {}, timer: setTimeout(give, GATHER_TIMEOUT_MS) };
    this.#gathering.set(id, gathering);
    socket.once("error", give);
    if (gathering.sockets[lane] !== undefined || this.#gathering.size > MAX_GATHERING) {
      this.#drop(socket);
      return give();
    }
    gathering.sockets[lane] = socket;
    const { control, message, bulk } = gathering.sockets;
    if (control === undefined || message === undefined || bulk === undefined) return;
    clearTimeout(gathering.timer);
    this.#gathering.delete(id);
    for (const each of [control, message, bulk]) each.off("error", give);
    this.#join({ control, message, bulk }, (connection) => this.#accepted(connection));
  }

  #accepted(connection: TcpConnection): ConnectionReceiver {
    if (this.#accept === undefined) throw new ActorError("peer-gone", "this transport does not listen");
    return this.#accept(connection);
  }

  #join(sockets: LaneSockets, receiverOf: (connection: TcpConnection) => ConnectionReceiver): TcpConnection {
    for (const lane of LANES) this.#loose.delete(sockets[lane]);
    const connection = new TcpConnection(sockets, this.maxFrameBytes, receiverOf, (closed) => {
      this.#connections.delete(closed);
    });
    this.#connections.add(connection);
    return connection;
  }

  #drop(socket: Socket): void {
    this.#loose.delete(socket);
    socket.destroy();
  }
}

function cancelled(lane: Lane): ActorError {
  return new ActorError("cancelled", `dialling was cancelled before the lane ${lane} was open`);
}
