/** What every answer carries for browsers: that nobody frames it or guesses its type, and which other pages may read it. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { isOwnMachine } from "../config/index.ts";
import type { Entry } from "./guard.ts";

/** A year. RFC 6797. */
const STRICT = "max-age=31536000";

const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};
/** A page sets its own. */
const NOTHING_LOADED = "default-src 'none'; frame-ancestors 'none'";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS = "authorization, content-type";
/** How long a browser remembers what it may do. */
const PREFLIGHT_SECONDS = "600";

/** Adds them to an answer. */
export function addHeaders(request: FastifyRequest, reply: FastifyReply, entry: Entry): void {
  reply.headers(ALWAYS);
  if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", NOTHING_LOADED);
  // Of a host name it holds for all ports: said of localhost it would lock people out of other programs of theirs.
  if (entry.schemeOf(request.raw) === "https" && !isOwnMachine(request.hostname)) {
    reply.header("strict-transport-security", STRICT);
  }
}

/**
 * Gives a page of a listed origin leave to read what it is answered, which it is whatever it knows: it needs a token as anybody
 * does. True when that was all that was asked (Fetch, section 3.3: a preflight); then it is answered.
 */
export function admitPage(request: FastifyRequest, reply: FastifyReply, entry: Entry): boolean {
  reply.header("vary", "Origin");
  const origin = entry.listedOrigin(request.raw);
  if (origin === undefined) return false;
  reply.header("access-control-allow-origin", origin).header("access-control-expose-headers", "x-request-id");
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
  reply
    .header("access-control-allow-methods", METHODS)
    .header("access-control-allow-headers", HEADERS)
    .header("access-control-max-age", PREFLIGHT_SECONDS);
  // Private Network Access: a page of the internet asks a machine of the house.
  if (request.headers["access-control-request-private-network"] === "true") {
    reply.header("access-control-allow-private-network", "true");
  }
  reply.code(204).send();
  return true;
}
