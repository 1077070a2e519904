/** The HTTP and WebSocket front of a peer. */
import fastify, { type FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { MAX_TEXT_BYTES } from "@parley/sdk";
import { codeOf, invariant, messageOf, PeerError } from "../errors.ts";
import { newCorrelationId, withCorrelation } from "../log.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { sendRefusal } from "./failure.ts";
import { bearerToken, hostAllowed, isLoopback, originAllowed, sameToken } from "./guard.ts";
import { addManagement, type Management } from "./management/routes.ts";

/** Options of {@link startGateway}. */
export interface GatewayOptions extends ConnectionDeps {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly health: () => { readonly healthy: boolean; readonly checks: Record<string, boolean> };
  readonly capabilities: () => Record<string, unknown>;
  /** The cluster, to be managed over `/api/v1`. */
  readonly management?: Management | undefined;
  readonly log: Logger;
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
  const app = fastify({ logger: false, bodyLimit: 65_536, forceCloseConnections: true });
  addRoutes(app, options);
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

function addRoutes(app: FastifyInstance, options: GatewayOptions): void {
  app.addHook("onRequest", (_request, reply, done) => {
    const correlation = newCorrelationId();
    reply.header("x-request-id", correlation);
    withCorrelation(correlation, done);
  });
  app.addHook("onRequest", async (request, reply) => {
    const { host, origin } = request.headers;
    if (!hostAllowed(host, options.host) || !originAllowed(origin, host)) {
      return sendRefusal(reply, 403, {
        code: "AUTHORIZATION_DENIED",
        message: "this page may not speak to the peer",
        nextStep: "Use the peer's own address, from its own page or a program.",
      });
    }
    if (isPublic(request.url)) return undefined;
    if (sameToken(bearerToken(request.headers.authorization), options.token)) return undefined;
    return sendRefusal(reply.header("www-authenticate", "Bearer"), 401, {
      code: "AUTHENTICATION_FAILED",
      message: "a token is needed",
      nextStep: "Send it as Authorization: Bearer TOKEN.",
    });
  });
  app.addHook("onSend", async (_request, reply) => {
    reply
      .header("x-content-type-options", "nosniff")
      .header("x-frame-options", "DENY")
      .header("cache-control", "no-store");
  });
  app.get("/", async (_request, reply) => {
    reply.type("text/plain");
    return `This is ${options.serverInfo.name}, a Parley peer. Talk to it with: npx parley chat\n`;
  });
  app.get("/health", async (_request, reply) => {
    const { healthy, checks } = options.health();
    reply.code(healthy ? 200 : 503);
    return {
      status: healthy ? "healthy" : "unhealthy",
      peerId: options.serverInfo.peerId,
      timestamp: new Date().toISOString(),
      uptimeSeconds: Math.round(process.uptime()),
      checks,
    };
  });
  app.get("/capabilities", async () => options.capabilities());
  app.get("/status", async () => options.status());
  if (options.management !== undefined) addManagement(app, options.management, options.log);
}

function isPublic(url: string): boolean {
  return url.split("?")[0] === "/health";
}

function acceptSockets(app: FastifyInstance, options: GatewayOptions, users: Set<Connection>): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_TEXT_BYTES, perMessageDeflate: false });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const status = refusal(request, options.host, sockets.clients.size);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      // The connection lives through its listeners on the socket.
      void new Connection(accepted, options, users);
    });
  });
  return sockets;
}

function refusal(request: IncomingMessage, bound: string, connections: number): string | undefined {
  const path = (request.url ?? "").split("?")[0];
  const { host, origin } = request.headers;
  if (!hostAllowed(host, bound) || !originAllowed(origin, host)) return "403 Forbidden";
  if (path !== "/ws" && path !== "/") return "404 Not Found";
  return connections >= MAX_CONNECTIONS ? "503 Service Unavailable" : undefined;
}

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
