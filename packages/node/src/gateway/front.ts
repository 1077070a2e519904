/**
 * What is answered over HTTP, and to whom: `/health` in a word, and what clients are to trust, to everybody; everything else by
 * token.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { METHODS } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { codeOf } from "../errors.ts";
import { newCorrelationId, withCorrelation } from "../log.ts";
import type { ConnectionDeps } from "./connection.ts";
import { answerFailure, refusalBytes, sendRefusal, type Refusal } from "./failure.ts";
import type { TurnedAway } from "./access-port.ts";
import type { Doorman } from "./access/doorman.ts";
import type { Principal } from "./access/gate.ts";
import { hasRight, type Right } from "./access/rights.ts";
import { bearerToken, type Entry } from "./guard.ts";
import { addHeaders, admitPage } from "./headers.ts";
import { addManagement, type Management } from "./management/routes.ts";
import { addTrustRoutes, TRUST_PATHS, type TrustFace } from "./tls/trust-routes.ts";

/** Options of {@link createFront}. */
export interface FrontOptions extends Pick<ConnectionDeps, "serverInfo" | "status"> {
  /** Who is let in, and how much they may ask. */
  readonly doorman: Pick<Doorman, "enter" | "charge">;
  /** Looks at who comes in. */
  readonly entry: Entry;
  /** For the head of a request. */
  readonly patienceMs: number;
  /** What clients are to trust; undefined where nobody needs to. */
  readonly trust?: TrustFace | undefined;
  readonly health: () => {
    readonly healthy: boolean;
    readonly checks: Record<string, boolean>;
    /** It hands over what it does: whoever may go elsewhere is to go there. Default: it does not. */
    readonly draining?: boolean;
  };
  readonly capabilities: () => Record<string, unknown>;
  /** The cluster, to be managed over `/api/v1`. */
  readonly management?: Management | undefined;
  readonly log: Logger;
}

/** For all of a request; between two on one connection. */
const REQUEST_MS = 60_000;
const IDLE_MS = 30_000;

/** The routes, guarded; it does not listen yet. */
export function createFront(options: FrontOptions): FastifyInstance {
  const { log, management, patienceMs } = options;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: 65_536,
    forceCloseConnections: true,
    // Who sends no Host is refused like those who send a foreign one.
    http: { requireHostHeader: false, headersTimeout: patienceMs, connectionsCheckingInterval: patienceMs / 2 },
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    clientErrorHandler: answerUnreadable,
    // A path that cannot be decoded comes here past all hooks.
    frameworkErrors: (error, request, reply) => {
      addHeaders(request, reply, options.entry);
      const refused = options.entry.refusalOf(request.raw);
      if (refused === undefined) answerFailure(error, reply, log);
      else sendRefusal(reply, refused);
    },
  });
  guard(app, options);
  addRoutes(app, options);
  if (options.trust !== undefined) addTrustRoutes(app, options.trust);
  app.setErrorHandler((error, _request, reply) => answerFailure(error, reply, log));
  app.setNotFoundHandler((request, reply) => answerUnknown(app, request, reply));
  if (management !== undefined) addManagement(app, management, log);
  return app;
}

/** What everybody may see, whoever they are. */
const PUBLIC: ReadonlySet<string> = new Set(["/health", ...TRUST_PATHS]);

/** What one has to have the right to, by the beginning of the path; the first that fits. */
const RIGHTS: readonly (readonly [prefix: string, right: Right])[] = [
  ["/api/v1/memory", "memory"],
  ["/api/v1/route", "look"],
  ["/api/v1/top", "look"],
  ["/api/v1/sessions/house", "converse"],
  ["/api/", "manage"],
  ["/capabilities", "converse"],
  ["/", "look"],
];

function guard(app: FastifyInstance, options: FrontOptions): void {
  const { entry, doorman } = options;
  app.decorateRequest("principal", undefined);
  app.addHook("onRequest", (_request, reply, done) => {
    const correlation = newCorrelationId();
    reply.header("x-request-id", correlation);
    withCorrelation(correlation, done);
  });
  app.addHook("onRequest", async (request, reply) => {
    const refused = entry.refusalOf(request.raw);
    if (refused !== undefined) return sendRefusal(reply, refused);
    if (admitPage(request, reply, entry)) return reply;
    const { authorization } = request.headers;
    const token = authorization === undefined ? undefined : bearerToken(authorization);
    const found = doorman.enter(token, entry.whereabouts(request.raw));
    if (!("why" in found)) request.principal = found;
    const { url = "" } = request.routeOptions;
    if (PUBLIC.has(url)) return undefined;
    if ("why" in found) return turnAway(reply, token === undefined ? undefined : found);
    const waitMs = doorman.charge(found.account, undefined, { messages: 1 });
    if (waitMs !== undefined) {
      return turnAway(reply, { why: `too many requests: the next one may come in ${waitMs} ms`, retryAfterMs: waitMs });
    }
    const right = RIGHTS.find(([prefix]) => url.startsWith(prefix))?.[1] ?? "look";
    return hasRight(found.role, right) ? undefined : sendRefusal(reply, mayNot(found, right));
  });
  app.addHook("onSend", async (request, reply) => addHeaders(request, reply, entry));
}

function addRoutes(app: FastifyInstance, options: FrontOptions): void {
  app.get("/", async (_request, reply) => {
    reply.type("text/plain");
    return `This is ${options.serverInfo.name}, a Parley peer. Talk to it with: npx parley chat\n`;
  });
  app.get("/health", async (request, reply) => {
    const { healthy, checks, draining = false } = options.health();
    // Who spreads clients over peers sends none to one that drains.
    reply.code(healthy && !draining ? 200 : 503);
    const word = { service: "parley", status: draining ? "draining" : healthy ? "healthy" : "unhealthy" };
    if (request.principal === undefined) return word;
    return {
      ...word,
      peerId: options.serverInfo.peerId,
      timestamp: new Date().toISOString(),
      uptimeSeconds: Math.round(process.uptime()),
      checks,
    };
  });
  app.get("/capabilities", async () => options.capabilities());
  app.get("/status", async () => options.status());
}

/** @param found undefined: no token was shown */
function turnAway(reply: FastifyReply, found: TurnedAway | undefined): FastifyReply {
  const { why = NO_TOKEN.failure.message, retryAfterMs } = found ?? {};
  if (retryAfterMs !== undefined) {
    reply.header("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
    return sendRefusal(reply, tooMany(why));
  }
  const refused = { ...NO_TOKEN, failure: { ...NO_TOKEN.failure, message: why } };
  return sendRefusal(reply.header("www-authenticate", "Bearer"), refused);
}

/** RFC 6585, section 4. */
const tooMany = (message: string): Refusal => ({
  status: 429,
  failure: { code: "RATE_LIMIT_EXCEEDED", message, nextStep: "Try again after the time that Retry-After says." },
});

function mayNot({ role }: Principal, right: Right): Refusal {
  return {
    status: 403,
    failure: {
      code: "AUTHORIZATION_DENIED",
      message: `a client of the role ${role} may not do this (it takes the right to ${right})`,
      nextStep: "Let an admin do it, or change the client's role: parley client change NAME --role ROLE.",
    },
  };
}

/** 405 where the path is known with other methods, else 404. */
function answerUnknown(app: FastifyInstance, { method, url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = url.split("?")[0] ?? "";
  const methods = METHODS.filter((each) => app.hasRoute({ method: each, url: path }));
  if (methods.length === 0) return sendRefusal(reply, NO_ROUTE);
  return sendRefusal(reply.header("allow", methods.join(", ")), {
    status: 405,
    failure: {
      code: "usage",
      message: `nothing here is asked for by ${method}`,
      nextStep: `Use ${methods.join(" or ")}.`,
    },
  });
}

/** What is no HTTP, too long, or does not come to an end: no request was made of it. */
function answerUnreadable(error: Error, socket: Socket): void {
  if (codeOf(error) === "ECONNRESET" || socket.destroyed) return;
  const refused = UNREADABLE_BY_CODE[codeOf(error)] ?? UNREADABLE;
  if (socket.writable) socket.write(refusalBytes(refused));
  socket.destroy(error);
}

const NO_TOKEN: Refusal = {
  status: 401,
  failure: {
    code: "AUTHENTICATION_FAILED",
    message: "a token is needed",
    nextStep: "Send it as Authorization: Bearer TOKEN; a new one: parley client add NAME.",
  },
};

const NO_ROUTE: Refusal = {
  status: 404,
  failure: {
    code: "usage",
    message: "there is nothing under this path",
    nextStep: "Check the path, and that the peer runs the version it was written for (GET /status).",
  },
};

const unreadable = (status: number, message: string): Refusal => ({
  status,
  failure: { code: "usage", message, nextStep: "Send HTTP/1.1, with the peer's own address as Host." },
});

const UNREADABLE = unreadable(400, "what was sent is no HTTP request");
const UNREADABLE_BY_CODE: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: unreadable(408, "the request did not come to an end in time"),
  HPE_HEADER_OVERFLOW: unreadable(431, "the headers of the request are too long"),
};
