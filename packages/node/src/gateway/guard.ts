/**
 * Who may speak to the gateway. Any web page a person opens can reach loopback, so being local proves nothing: the Host
 * header must name this machine (DNS rebinding), the Origin header, which browsers always send, must be our own, and
 * everything but `/health` needs the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";

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
