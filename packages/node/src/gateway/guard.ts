/**
 * Who may speak to the gateway. Any web page a person opens can reach loopback, so being local proves nothing: the Host
 * header must name this machine (DNS rebinding), the Origin header, which browsers always send, must be our own, and
 * everything but the word of `/health` needs the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Refusal } from "./failure.ts";

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address === "localhost" || /^127(\.\d{1,3}){3}$/.test(address);
}

/** True when `header` (a Host header) names this machine; `bound` is the address the gateway listens on. */
export function hostAllowed(header: string | undefined, bound: string): boolean {
  if (header === undefined) return false;
  const name = header.replace(/:\d+$/, "").toLowerCase();
  return LOOPBACK_NAMES.has(name) || name === bound.toLowerCase();
}

/** True when there is no Origin (not a browser) or it is the page this gateway itself would serve. */
export function originAllowed(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || origin === `http://${host}`;
}

/**
 * Why a request may not enter, whatever it knows; undefined when it may. `bound` is the address the gateway listens on.
 *
 * Two Host headers, or a target in full that names another host (RFC 9112, 3.2), are read differently by whoever stands in
 * between: what one has let through may not be what the other answers.
 */
export function refusalAtEntry(
  { headersDistinct, url = "" }: Pick<IncomingMessage, "headersDistinct" | "url">,
  bound: string,
): Refusal | undefined {
  const { host: hosts = [], origin: origins = [] } = headersDistinct;
  if (hosts.length > 1) return TWO_HOSTS;
  const [host] = hosts;
  if (!hostAllowed(host, bound) || !targetAllowed(url, host)) return FOREIGN;
  return origins.every((origin) => originAllowed(origin, host)) ? undefined : FOREIGN;
}

/** True for a path, or a whole address of the same host. */
function targetAllowed(target: string, host: string | undefined): boolean {
  if (target.startsWith("/")) return true;
  const authority = /^http:\/\/([^/?#]*)/i.exec(target)?.[1];
  return authority !== undefined && authority.toLowerCase() === host?.toLowerCase();
}

const FOREIGN: Refusal = {
  status: 403,
  failure: {
    code: "AUTHORIZATION_DENIED",
    message: "this page may not speak to the peer",
    nextStep: "Use the peer's own address, from its own page or a program.",
  },
};

const TWO_HOSTS: Refusal = {
  status: 400,
  failure: {
    code: "INVALID_MESSAGE",
    message: "the request has more than one Host header",
    nextStep: "Send one, with the peer's own address.",
  },
};

/** Compares in constant time whatever the lengths. */
export function sameToken(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}

/** The token of an `Authorization: Bearer` header; empty when there is none. */
export function bearerToken(header: string | undefined): string {
  return /^Bearer ([\w-]+)$/i.exec(header ?? "")?.[1] ?? "";
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
