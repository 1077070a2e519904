/**
 * Who may speak to the gateway. Any web page a person opens can reach loopback, so being local proves nothing: the Host
 * header must name this peer (DNS rebinding), the Origin header, which browsers always send, must be our own or one that the
 * person has listed, and everything but the word of `/health` needs the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { isOwnMachine, plainAddress } from "../config/index.ts";
import type { Whereabouts } from "./access-port.ts";
import type { Refusal } from "./failure.ts";

const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/** What of a request is looked at. */
export type Incoming = Pick<IncomingMessage, "headersDistinct" | "url" | "socket">;

export interface EntryOptions {
  /** What clients may call this peer now, beside loopback: DNS names in lower case, and addresses. */
  readonly names?: () => readonly string[];
  /** Whose pages may come beside this peer's own. */
  readonly origins?: ReadonlySet<string>;
  /** Of whom it is believed for whom they ask. */
  readonly isProxy?: (address: string) => boolean;
}

/** Looks at who comes in, whatever they know. */
export class Entry {
  readonly #names: () => readonly string[];
  readonly #origins: ReadonlySet<string>;
  readonly #isProxy: (address: string) => boolean;

  constructor({ names = () => [], origins = new Set(), isProxy = () => false }: EntryOptions = {}) {
    this.#names = names;
    this.#origins = origins;
    this.#isProxy = isProxy;
  }

  /**
   * Why a request may not enter; undefined when it may.
   *
   * Two Host headers, or a target in full that names another host (RFC 9112, 3.2), are read differently by whoever stands in
   * between: what one has let through may not be what the other answers.
   */
  refusalOf(request: Incoming): Refusal | undefined {
    const { url = "", headersDistinct } = request;
    const { host: hosts = [], origin: origins = [] } = headersDistinct;
    if (hosts.length > 1) return TWO_HOSTS;
    const [host] = hosts;
    const scheme = this.schemeOf(request);
    if (!this.#isOwnHost(host, request.socket.localAddress) || !targetAllowed(url, scheme, host)) return FOREIGN;
    const isAllowed = (origin: string): boolean => origin === `${scheme}://${host}` || this.#origins.has(origin);
    return origins.every(isAllowed) ? undefined : FOREIGN;
  }

  /** The page of another origin that asks, and may; undefined for programs, for its own pages, and for all others. */
  listedOrigin(request: Incoming): string | undefined {
    const [origin, ...more] = request.headersDistinct["origin"] ?? [];
    return more.length === 0 && origin !== undefined && this.#origins.has(origin) ? origin : undefined;
  }

  /** How the client speaks: to this peer, or to the proxy that asks for it. */
  schemeOf(request: Incoming): "http" | "https" {
    const { socket } = request;
    if ("encrypted" in socket && socket.encrypted === true) return "https";
    const told = this.#isByProxy(request) ? listOf(request, "x-forwarded-proto").at(-1) : undefined;
    return told?.toLowerCase() === "https" ? "https" : "http";
  }

  /** Where the client is: what a proxy says of it counts if that is one which is believed (`listen.proxies`). */
  addressOf(request: Incoming): string {
    const remote = plainAddress(request.socket.remoteAddress ?? "");
    if (!this.#isByProxy(request)) return remote;
    // Each proxy adds behind the others whom it was asked by: what stands before the first that is not believed anybody may have made up.
    for (const told of listOf(request, "x-forwarded-for").toReversed()) {
      const address = plainAddress(told.replace(/^\[(.*)\](:\d+)?$/, "$1"));
      if (isIP(address) === 0) return remote;
      if (!this.#isProxy(address)) return address;
    }
    return remote;
  }

  /** Where whoever asks is. */
  whereabouts(request: Incoming): Whereabouts {
    return { address: this.addressOf(request), isFromHere: this.isFromHere(request) };
  }

  /**
   * Whether a program on this machine asks for itself, as far as one can tell: over loopback, by a name of loopback, and forwarded by
   * nobody. A proxy on this machine, known or not, asks for others, whatever it says of them.
   */
  isFromHere({ headersDistinct, socket }: Incoming): boolean {
    const name = hostOf(headersDistinct["host"]?.[0] ?? "");
    const isNear = isOwnMachine(plainAddress(socket.remoteAddress ?? "")) && name !== undefined && isOwnMachine(name);
    return isNear && !Object.keys(headersDistinct).some(isOfProxies);
  }

  /** @param localAddress where the connection came in: an address proves nothing by itself, but a page's name cannot be one */
  #isOwnHost(header: string | undefined, localAddress: string | undefined): boolean {
    const name = header === undefined ? undefined : hostOf(header);
    if (name === undefined) return false;
    const own = [...LOOPBACK_NAMES, ...this.#names(), plainAddress(localAddress ?? "")];
    return isOwnMachine(name) || own.some((each) => canonical(each) === name);
  }

  #isByProxy({ socket }: Incoming): boolean {
    return this.#isProxy(plainAddress(socket.remoteAddress ?? ""));
  }
}

/** What proxies add (RFC 7239, RFC 9110, 7.6.3, and what was usual before). */
const FORWARDING: ReadonlySet<string> = new Set([
  "forwarded",
  "via",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "true-client-ip",
  "cf-connecting-ip",
]);

function isOfProxies(header: string): boolean {
  return FORWARDING.has(header) || header.startsWith("x-forwarded") || header.startsWith("x-original-");
}

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return isOwnMachine(address);
}

function listOf({ headersDistinct }: Incoming, name: string): readonly string[] {
  const all = (headersDistinct[name] ?? []).join(",").split(",");
  return all.map((item) => item.trim()).filter((item) => item !== "");
}

/** The host of a Host header, without its port; undefined for what is none. */
function hostOf(header: string): string | undefined {
  const [, inBrackets, plain] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header) ?? [];
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? canonical(inBrackets) : undefined;
  return plain?.toLowerCase();
}

/** One writing for each address (RFC 5952). */
function canonical(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name.split("%")[0]}]`).hostname.slice(1, -1) : name;
}

/** True for a path, or a whole address of the same host. */
function targetAllowed(target: string, scheme: string, host: string | undefined): boolean {
  if (target.startsWith("/")) return true;
  const [, asked, authority] = /^(https?):\/\/([^/?#]*)/i.exec(target) ?? [];
  return asked?.toLowerCase() === scheme && authority !== undefined && authority.toLowerCase() === host?.toLowerCase();
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
