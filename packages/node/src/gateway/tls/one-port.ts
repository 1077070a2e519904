/**
 * One port for TLS and, to programs on this machine alone, plain HTTP: told apart by the first byte, which is 0x16 of a TLS
 * handshake (RFC 8446, section 5.1) and a letter of any HTTP request. Whoever comes plain from elsewhere is told to use https, and
 * gets nothing else.
 */
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions, type TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { isOwnMachine, plainAddress } from "../../config/index.ts";
import { messageOf } from "../../errors.ts";
import { refusalBytes, type Refusal } from "../failure.ts";
import type { Shown } from "./own-certificate.ts";
import { WaitingRoom } from "./waiting-room.ts";

const TLS_HANDSHAKE = 0x16;
/** For the first byte and the handshake together. */
const PATIENCE_MS = 10_000;
/**
 * Connections of which nobody knows yet what they are, of this machine, and of all others. As many clients as a peer takes may come
 * at once, from behind one proxy, when another peer has died.
 */
const WAITING_PLACES = 1_024;
/** Open connections, whatever they are, of either side: more than wait, so that those who wait never keep all others out. */
const MAX_OPEN = 2_048;
/** What is still read from who is turned away, so that the answer gets there. */
const FAREWELL_BYTES = 65_536;
const FAREWELL_MS = 500;

const TLS = { minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] } as const satisfies TlsOptions;

export interface OnePortOptions {
  /** What is shown to whoever wants TLS; changes are told by `watch`. */
  readonly credentials: {
    current(): Promise<Shown>;
    watch(changed: () => void): () => void;
  };
  /** Takes a connection that may speak HTTP: plain from this machine, or decrypted. */
  readonly onConnection: (socket: Socket) => void;
  readonly log: Logger;
  readonly patienceMs?: number;
  readonly waitingPlaces?: number;
}

/** Connections from one side: of this machine, or of all others. Neither takes the other's places. */
interface Side {
  readonly waiting: WaitingRoom<Socket>;
  readonly open: Set<Socket>;
}

export class OnePort {
  readonly #options: OnePortOptions;
  readonly #listeners: TcpServer[] = [];
  readonly #here: Side;
  readonly #elsewhere: Side;
  /** Of those whose handshake is under way: what is to be done when it is over. */
  readonly #handshakes = new Map<string, () => void>();
  readonly #stopWatching: () => void;
  #tls: Promise<TlsServer> | undefined;

  constructor(options: OnePortOptions) {
    this.#options = options;
    const { waitingPlaces: places = WAITING_PLACES, patienceMs = PATIENCE_MS } = options;
    const side = (): Side => ({ waiting: new WaitingRoom({ places, patienceMs }), open: new Set() });
    this.#here = side();
    this.#elsewhere = side();
    this.#stopWatching = options.credentials.watch(() => void this.#update());
  }

  /** Connections that have not said yet what they are. */
  get waiting(): number {
    return this.#here.waiting.size + this.#elsewhere.waiting.size;
  }

  /** Listens at one more address; the port it got. @throws the system's error */
  async listen(host: string, port: number): Promise<number> {
    const server = createTcpServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // Of one connection that could not be accepted the next ones know nothing.
    server.on("error", (error) => this.#options.log.warn({ err: error }, "a connection could not be accepted"));
    this.#listeners.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Takes no more connections, and ends those that are there. */
  async close(): Promise<void> {
    this.#stopWatching();
    const closed = this.#listeners.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const { waiting, open } of [this.#here, this.#elsewhere]) {
      waiting.clear();
      for (const socket of open) socket.destroy();
    }
    await Promise.all(closed);
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? "");
    const { waiting, open } = isOwnMachine(address) ? this.#here : this.#elsewhere;
    // Who is gone before it was looked at has no address any more.
    if (address === "" || open.size >= MAX_OPEN) return void socket.destroy();
    open.add(socket);
    waiting.enter(address, socket);
    const leave = (): void => void waiting.leave(address, socket);
    socket.on("close", () => {
      open.delete(socket);
      leave();
    });
    socket.on("error", (error) => this.#options.log.debug({ why: messageOf(error) }, "a connection failed"));
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === TLS_HANDSHAKE) return void this.#startTls(socket, leave);
      leave();
      if (!isOwnMachine(address)) return turnAway(socket, chunk);
      this.#options.onConnection(socket);
      socket.resume();
    });
  }

  /** It goes on waiting until its handshake is over. */
  async #startTls(socket: Socket, leave: () => void): Promise<void> {
    try {
      const tls = await this.#openTls();
      if (socket.destroyed) return;
      const ends = endsOf(socket);
      this.#handshakes.set(ends, leave);
      socket.on("close", () => this.#handshakes.delete(ends));
      tls.emit("connection", socket);
    } catch (error) {
      this.#options.log.warn({ err: error }, "there is no certificate to be shown");
      socket.destroy();
    }
  }

  #openTls(): Promise<TlsServer> {
    this.#tls ??= this.#createTls().catch((error: unknown) => {
      this.#tls = undefined;
      throw error;
    });
    return this.#tls;
  }

  async #createTls(): Promise<TlsServer> {
    const { credentials, onConnection, log } = this.#options;
    const { certificate, key } = await credentials.current();
    const server = createTlsServer({ cert: certificate, key, ...TLS });
    server.on("secureConnection", (socket: TLSSocket) => {
      this.#handshakes.get(endsOf(socket))?.();
      socket.on("error", (error) => log.debug({ why: messageOf(error) }, "a connection failed"));
      onConnection(socket);
    });
    server.on("tlsClientError", (error, socket) => {
      log.debug({ why: messageOf(error), remote: socket.remoteAddress }, "a TLS handshake failed");
      socket.destroy();
    });
    return server;
  }

  async #update(): Promise<void> {
    if (this.#tls === undefined) return;
    try {
      const [server, { certificate, key }] = await Promise.all([this.#tls, this.#options.credentials.current()]);
      server.setSecureContext({ cert: certificate, key, ...TLS });
    } catch (error) {
      this.#options.log.warn({ err: error }, "the certificate could not be exchanged");
    }
  }
}

/** Names a connection by its two ends: the decrypted half of it knows them as well. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** The answer gets there though not all of what was sent is read: closing at once would take it back (RFC 9112, 9.6). */
function turnAway(socket: Socket, [first = 0]: Buffer): void {
  let left = FAREWELL_BYTES;
  socket.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  socket.resume();
  const isLetter = (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a);
  socket.end(refusalBytes(isLetter ? USE_TLS : NO_TLS, isLetter ? ["Upgrade: TLS/1.2, HTTP/1.1"] : []));
  setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
}

const NEXT_STEP = "Use https (or wss) with the same address; parley trust on the peer's machine tells how to trust it.";

/** RFC 9110, section 15.5.22. */
const USE_TLS: Refusal = {
  status: 426,
  failure: { code: "usage", message: "other machines are served over TLS only", nextStep: NEXT_STEP },
};
const NO_TLS: Refusal = {
  status: 400,
  failure: { code: "usage", message: "this is neither TLS nor HTTP", nextStep: NEXT_STEP },
};
