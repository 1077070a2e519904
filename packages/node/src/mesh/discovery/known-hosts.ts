/** Peers whose addresses a person has written down: `host:port` or multiaddrs, names asked for anew each time. */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { PeerError } from "../../errors.ts";
import { addressOf, hostAndPortOf, readAddress, type HostAndPort } from "../host/addresses.ts";

/** One entry of the list. */
export interface KnownHost extends HostAndPort {
  /** Known when the entry ended in `/p2p/PEER`. */
  readonly peerId: string | undefined;
}

/** Asks for a name's addresses; rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Addresses that one name may have. */
const MAX_ADDRESSES = 8;

/**
 * Reads an entry: `kitchen.local:8766`, `192.168.1.7`, `[fe80::1]:8766`, `/dns4/kitchen.local/tcp/8766/p2p/12D3…`.
 * @param defaultPort where an entry names none
 * @throws PeerError `usage` when it is none of these
 */
export function readKnownHost(text: string, defaultPort: number): KnownHost {
  const entry = text.trim();
  if (entry.startsWith("/")) {
    const found = hostAndPortOf(readAddress(entry));
    if (found === undefined) throw noEntry(text);
    return { ...found, peerId: /\/p2p\/([1-9A-HJ-NP-Za-km-z]+)$/.exec(entry)?.[1] };
  }
  if (isIPv6(entry)) return { host: entry, port: defaultPort, peerId: undefined };
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const host = bracketed ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw noEntry(text);
  // Its form is checked where addresses are.
  addressOf({ host, port: number });
  return { host, port: number, peerId: undefined };
}

/** Where a known host is now. @throws what `resolve` throws */
export async function locate({ host, port }: KnownHost, resolve: Resolve): Promise<readonly string[]> {
  const hosts = await resolve(host);
  return hosts.slice(0, MAX_ADDRESSES).map((found) => addressOf({ host: found, port }));
}

/** By the machine's own resolver, which knows `.local` names where the machine does. */
export const resolveBySystem: Resolve = async (host) => {
  const found = await lookup(host, { all: true });
  // A link-local address says on which interface it is; addresses as text cannot.
  return found.map(({ address }) => address).filter((address) => !address.includes("%"));
};

function noEntry(text: string): PeerError {
  return new PeerError("usage", `${JSON.stringify(text.slice(0, 128))} is no address of a peer`, {
    nextStep: "Write it as HOST:PORT, such as kitchen.local:8766 or 192.168.1.7:8766.",
  });
}
