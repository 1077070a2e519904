/** The HTTP and WebSocket front of a peer. */
import type { FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { MAX_TEXT_BYTES } from "@parley/sdk";
import { codeOf, invariant, messageOf, PeerError } from "../errors.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { refusalBytes, type Refusal } from "./failure.ts";
import { createFront, type FrontOptions } from "./front.ts";
import { isLoopback, refusalAtEntry } from "./guard.ts";

/** Options of {@link startGateway}. */
export interface GatewayOptions extends ConnectionDeps, FrontOptions {
  /** 0 takes any free port. */
  readonly port: number;
}

/** A listening gateway. */
export interface Gateway {
  /** Such as `http://127.0.0.1:8765`. */
  readonly url: string;
  readonly port: number;
  /** Clients that are there for more than to look how the peer fares. */
  readonly clients: number;
  close(): Promise<void>;
}

const FAREWELL_MS = 1000;
/** Clients at once; each holds a session in memory. */
const MAX_CONNECTIONS = 512;

/**
 * Listens.
 * @throws PeerError `port-in-use`; `config-invalid` for an address that cannot be listened on, or that others can reach:
 * connections are not encrypted yet, so only this machine's own addresses are allowed.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  if (!isLoopback(options.host)) throw notLoopback(options.host);
  const app = createFront(options);
  const users = new Set<Connection>();
  const sockets = acceptSockets(app, options, users);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    throw listenError(options, cause);
  }
  const address = app.server.address();
  invariant(typeof address === "object" && address !== null, "a gateway that listens on TCP has a port");
  const { port } = address;
  const shownHost = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${shownHost}:${port}`,
    port,
    get clients() {
      return users.size;
    },
    close: async () => {
      await farewell(sockets);
      await app.close();
    },
  };
}

/** Says goodbye to clients, and hangs up on those that do not answer soon. */
async function farewell(sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(1001, "the peer is stopping");
  const deadline = performance.now() + FAREWELL_MS;
  while (sockets.clients.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
}

function acceptSockets(app: FastifyInstance, options: GatewayOptions, users: Set<Connection>): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_TEXT_BYTES, perMessageDeflate: false });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refused = refusalOfSocket(request, options.host, sockets.clients.size);
    if (refused !== undefined) {
      socket.end(refusalBytes(refused));
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      // The connection lives through its listeners on the socket.
      void new Connection(accepted, options, users);
    });
  });
  return sockets;
}

function refusalOfSocket(request: IncomingMessage, bound: string, connections: number): Refusal | undefined {
  const refused = refusalAtEntry(request, bound);
  if (refused !== undefined) return refused;
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/ws" && path !== "/") return NO_SOCKET;
  return connections >= MAX_CONNECTIONS ? CROWDED : undefined;
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

function notLoopback(host: string): PeerError {
  return new PeerError("config-invalid", `listen.host = "${host}" would let other machines in`, {
    nextStep:
      "Use 127.0.0.1: this version has no encryption for clients on other machines, so it does not accept them.",
  });
}
