/** Where a peer is reached, as a person writes it. */
import { isIPv6 } from "node:net";
import { isOwnMachine } from "./access-schema.ts";

/** A peer's address, made whole. */
export interface PeerAddress {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** `https://kitchen.local:8765`, without a slash at its end. */
  readonly http: string;
  /** `wss://kitchen.local:8765/ws` */
  readonly socket: string;
}

const PORT = 8765;
const LONGEST = 300;
const SCHEMES: Readonly<Record<string, boolean>> = { http: false, ws: false, https: true, wss: true };

/**
 * Reads `host`, `host:port`, `[fd00::7]:8765`, or a whole address with http, https, ws or wss. Without a scheme it is TLS, but for
 * this machine itself; without a port it is 8765, whatever the scheme.
 * @returns undefined for what is none: also for one with a user name or a query, or without TLS to another machine
 */
export function readPeerAddress(text: string): PeerAddress | undefined {
  const given = text.trim();
  if (given.length > LONGEST) return undefined;
  const [, scheme, rest = ""] = /^(?:([a-z]{2,5}):\/\/)?(.*)$/i.exec(given) ?? [];
  const whole = isIPv6(rest) ? `[${rest}]` : rest;
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:/@?#\\\s[\]]+)(?::(\d{1,5}))?(?:\/|\/ws)?$/.exec(whole) ?? [];
  const port = digits === undefined ? PORT : Number(digits);
  if (name === "" || port < 1 || port > 65_535 || !URL.canParse(`http://${name}`)) return undefined;
  // As names are asked for, and addresses written (`localhost`, `127.0.0.1`), whatever was typed.
  const { hostname } = new URL(`http://${name}`);
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const isHere = isOwnMachine(host);
  const isSecure = scheme === undefined ? !isHere : SCHEMES[scheme.toLowerCase()];
  // A token is not shown to a network.
  if (isSecure === undefined || (!isSecure && !isHere)) return undefined;
  const tail = `${isSecure ? "s" : ""}://${hostname}:${port}`;
  return { host, port, isSecure, http: `http${tail}`, socket: `ws${tail}/ws` };
}
