/** The side of a node that its clients see: their connections, and the requests on them. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { isRaftError } from "../../errors.ts";
import type { RaftNode } from "../../driver/node.ts";
import { FrameReader, FrameWriter } from "./frames.ts";
import { readRequest, writeAnswer, type Answer, type Request } from "./protocol.ts";

/** A client that leaves more of its answers unread is cut off. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** With more than this unread no further requests are taken from it. */
const PAUSE_UNREAD_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 2_000;
const MAX_WATCHES = 1_000;
const CLOSE_MS = 500;

/** What requests are carried out with. */
export interface Served {
  readonly node: RaftNode;
  /** Index of the newest command that the state machine holds. */
  applied(): number;
  /** Answers a query about the state machine as it is now. @throws RaftError `corrupt` for no query. */
  query(query: Uint8Array): Uint8Array;
  /** Changes as they come, until `return` is called. @throws RaftError `corrupt` for no watch. */
  watch(request: Uint8Array): AsyncIterator<Uint8Array, undefined>;
  /** Carries out a control request; its answer as JSON. */
  control(body: Uint8Array): Promise<Uint8Array>;
}

/** Listens for clients. */
export class ClientServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `port` 0: any that is free, which is also taken when `port` is not. */
  static async listen(host: string, port: number, served: Served): Promise<ClientServer> {
    const server = createServer({ noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    const clientServer = new ClientServer(server);
    server.on("connection", (socket) => clientServer.#accept(socket, served));
    try {
      await once(server.listen({ port, host }), "listening");
    } catch (error) {
      if (port === 0) throw error;
      await once(server.listen({ port: 0, host }), "listening");
    }
    return clientServer;
  }

  get port(): number {
    return addressOf(this.#server).port;
  }

  /** Ends all connections, when what was answered is sent; slow clients do not get it all. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    // Answers that are settled by now are written first.
    await setImmediate();
    for (const socket of this.#sockets) socket.end();
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearTimeout(late);
  }

  #accept(socket: Socket, served: Served): void {
    this.#sockets.add(socket);
    const session = new ClientSocket(socket, served);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      session.end();
    });
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address;
}

/** One client. */
class ClientSocket {
  readonly #socket: Socket;
  readonly #served: Served;
  readonly #reader = new FrameReader();
  readonly #writer: FrameWriter;
  readonly #watches = new Map<number, AsyncIterator<Uint8Array, undefined>>();

  constructor(socket: Socket, served: Served) {
    this.#socket = socket;
    this.#served = served;
    this.#writer = new FrameWriter((bytes) => this.#send(bytes));
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("drain", () => socket.resume());
    // Its end is told by `close`; why it came does not matter to a node.
    socket.on("error", () => undefined);
  }

  end(): void {
    for (const watch of this.#watches.values()) void watch.return?.();
    this.#watches.clear();
  }

  #send(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    const unread = this.#socket.writableLength;
    if (unread > MAX_UNREAD_BYTES) this.#socket.destroy();
    else if (unread > PAUSE_UNREAD_BYTES) this.#socket.pause();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.read(chunk)) this.#start(readRequest(frame));
    } catch (error) {
      // What follows a broken frame means nothing; a fault of our own must be seen.
      if (!isRaftError(error, "corrupt")) throw error;
      this.#socket.destroy();
    }
  }

  #answer(answer: Answer): void {
    if (!this.#socket.destroyed) writeAnswer(this.#writer, answer);
  }

  #start(request: Request): void {
    const { kind, id } = request;
    const { node } = this.#served;
    switch (kind) {
      case "propose": {
        const { timeoutMs, forward, session } = request;
        void node.propose(request.command, { timeoutMs, forward, session }).then((outcome) => {
          this.#answer({ kind: "outcome", id, outcome });
        });
        return;
      }
      case "read":
        if (request.consistency === "stale") this.#query(id, this.#served.applied(), request.query);
        else void this.#read(id, request.query, request.timeoutMs);
        return;
      case "open-session":
        void node.openSession({ timeoutMs: request.timeoutMs }).then((outcome) => {
          this.#answer({ kind: "outcome", id, outcome });
        });
        return;
      case "watch":
        void this.#watch(id, request.watch);
        return;
      case "unwatch":
        void this.#watches.get(id)?.return?.();
        this.#watches.delete(id);
        return;
      case "control":
        void this.#control(id, request.body);
        return;
      default:
        kind satisfies never;
    }
  }

  async #read(id: number, query: Uint8Array, timeoutMs: number): Promise<void> {
    const outcome = await this.#served.node.read({ timeoutMs });
    if (outcome.outcome === "readable") this.#query(id, outcome.index, query);
    else this.#answer({ kind: "outcome", id, outcome });
  }

  #query(id: number, index: number, query: Uint8Array): void {
    try {
      this.#answer({ kind: "value", id, index, value: this.#served.query(query) });
    } catch (error) {
      this.#answer({ kind: "error", id, message: messageOf(error) });
    }
  }

  async #watch(id: number, request: Uint8Array): Promise<void> {
    if (this.#watches.size >= MAX_WATCHES || this.#watches.has(id)) {
      this.#answer({ kind: "error", id, message: "too many watches, or one under the same id" });
      return;
    }
    try {
      const watch = this.#served.watch(request);
      this.#watches.set(id, watch);
      this.#answer({ kind: "watching", id, index: this.#served.applied() });
      for (let item = await watch.next(); item.done !== true; item = await watch.next()) {
        this.#answer({ kind: "event", id, event: item.value });
        // Whoever reads slowly lags in the machine's bounded history, and is told so; nothing piles up here.
        if (this.#socket.writableLength > PAUSE_UNREAD_BYTES) await this.#drained();
      }
    } catch (error) {
      this.#answer({ kind: "error", id, message: messageOf(error) });
    }
    this.#watches.delete(id);
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once("drain", resolve).once("close", resolve);
    await promise;
    this.#socket.off("drain", resolve).off("close", resolve);
  }

  async #control(id: number, body: Uint8Array): Promise<void> {
    try {
      this.#answer({ kind: "control", id, body: await this.#served.control(body) });
    } catch (error) {
      this.#answer({ kind: "error", id, message: messageOf(error) });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
