/** The HTTP and WebSocket front of a peer, on one port: over TLS, and to programs on this machine also without. */
import type { FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { MAX_TEXT_BYTES } from "@parley/sdk";
import { codeOf, messageOf, PeerError } from "../errors.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { CLOSE } from "./close-codes.ts";
import { refusalBytes, type Refusal } from "./failure.ts";
import { createFront, type FrontOptions } from "./front.ts";
import { Entry, isLoopback } from "./guard.ts";
import { SendingAway } from "./sending-away.ts";
import { isWildcard } from "./tls/names.ts";
import { OnePort, type OnePortOptions } from "./tls/one-port.ts";

/** Options of {@link startGateway}. */
export interface GatewayOptions extends ConnectionDeps, Omit<FrontOptions, "entry" | "patienceMs"> {
  /** The address to listen on; at loopback it listens whatever that is. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Looks at who comes in. Default: only who names this machine, as nobody else can. */
  readonly entry?: Entry;
  /** What is shown over TLS. Default: nothing, so that there is no TLS. */
  readonly credentials?: OnePortOptions["credentials"] | undefined;
  /** For whoever has connected to say what they want. Default 10,000. */
  readonly patienceMs?: number;
  /** How many may be at that at once. */
  readonly waitingPlaces?: number;
  /** WebSockets at once; each holds a session in memory. Default 1,000. */
  readonly connections?: number;
}

/** A listening gateway. */
export interface Gateway {
  /** Where programs on this machine reach it, such as `http://127.0.0.1:8765`. */
  readonly url: string;
  readonly port: number;
  /** Connections that have not said yet what they want. */
  readonly waiting: number;
  /** Clients that are there for more than to look how the peer fares. */
  readonly clients: number;
  /** The same, to be told to go elsewhere. */
  readonly away: SendingAway;
  close(): Promise<void>;
}

const FAREWELL_MS = 1000;
const PATIENCE_MS = 10_000;
/** As `limits.connections`. */
const CONNECTIONS = 1_000;

/**
 * Listens.
 * @throws PeerError `port-in-use`; `config-invalid` for an address that cannot be listened on
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, log, credentials = NO_TLS, entry = new Entry(), patienceMs = PATIENCE_MS } = options;
  const app = createFront({ ...options, entry, patienceMs });
  const users = new Set<Connection>();
  const away = new SendingAway(users);
  const sockets = acceptSockets(app, { ...options, entry, away }, users);
  await app.ready();
  // Node watches for slow requests from here on, and has no other sign of it.
  app.server.emit("listening");
  const onConnection = (socket: Socket): void => void app.server.emit("connection", socket);
  const { waitingPlaces } = options;
  const places = waitingPlaces === undefined ? {} : { waitingPlaces };
  const door = new OnePort({ credentials, patienceMs, log, onConnection, ...places });
  const close = async (): Promise<void> => {
    await farewell(sockets);
    await door.close();
    await app.close();
  };
  let port: number;
  try {
    port = await listenAt(door, options);
  } catch (cause) {
    await close();
    throw listenError(options, cause);
  }
  const own = isLoopback(host) ? host : "127.0.0.1";
  return {
    url: `http://${own.includes(":") ? `[${own}]` : own}:${port}`,
    port,
    get waiting() {
      return door.waiting;
    },
    get clients() {
      return users.size;
    },
    away,
    close,
  };
}

/** At the address that is wanted, and at loopback, where this machine's own programs look. @throws the system's error */
async function listenAt(door: OnePort, { host, port }: GatewayOptions): Promise<number> {
  if (host === "localhost") {
    const got = await door.listen("127.0.0.1", port);
    await door.listen("::1", got).catch((error: unknown) => {
      // Some machines have no IPv6, and lack nothing.
      if (!["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(codeOf(error))) throw error;
    });
    return got;
  }
  const got = await door.listen(host, port);
  if (!isLoopback(host) && !isWildcard(host)) await door.listen("127.0.0.1", got);
  return got;
}

const NO_TLS: OnePortOptions["credentials"] = {
  current: async () => {
    throw new PeerError("usage", "this gateway speaks no TLS", { nextStep: "Speak plain HTTP to it, at loopback." });
  },
  watch: () => () => undefined,
};

/** Says goodbye to clients, and hangs up on those that do not answer soon. */
async function farewell(sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(CLOSE.goingAway, "the peer is stopping");
  const deadline = performance.now() + FAREWELL_MS;
  while (sockets.clients.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
}

function acceptSockets(
  app: FastifyInstance,
  options: GatewayOptions & { readonly entry: Entry },
  users: Set<Connection>,
): WebSocketServer {
  const { connections = CONNECTIONS } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_TEXT_BYTES, perMessageDeflate: false });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const isFull = sockets.clients.size >= connections;
    const refused = refusalOfSocket(request, options.entry, isFull);
    if (refused !== undefined) {
      socket.end(refusalBytes(refused));
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      // The connection lives through its listeners on the socket.
      void new Connection(accepted, options, users, options.entry.whereabouts(request));
    });
  });
  return sockets;
}

function refusalOfSocket(request: IncomingMessage, entry: Entry, isFull: boolean): Refusal | undefined {
  const refused = entry.refusalOf(request);
  if (refused !== undefined) return refused;
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/ws" && path !== "/") return NO_SOCKET;
  return isFull ? CROWDED : undefined;
}

const NO_SOCKET: Refusal = {
  status: 404,
  failure: { code: "usage", message: "there is no WebSocket here", nextStep: "Connect to /ws." },
};

const CROWDED: Refusal = {
  status: 503,
  failure: {
    code: "RATE_LIMIT_EXCEEDED",
    message: "too many clients are connected",
    nextStep: "Try again later, or at another peer.",
  },
};

function listenError(options: GatewayOptions, cause: unknown): PeerError {
  const code = codeOf(cause);
  if (code === "EADDRINUSE") {
    return new PeerError("port-in-use", `port ${options.port} on ${options.host} is in use`, {
      nextStep: "Stop what uses it (parley doctor tells what it is), or choose another with --port PORT.",
      details: { port: options.port },
      cause,
    });
  }
  const privileged =
    code === "EACCES" ? "Ports below 1024 need special rights; choose another with --port PORT." : undefined;
  return new PeerError("config-invalid", `cannot listen on ${options.host}:${options.port}: ${messageOf(cause)}`, {
    nextStep: privileged ?? "Give an address of this machine as listen.host.",
    cause,
  });
}
