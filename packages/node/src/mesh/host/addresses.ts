/** Where peers are, as text: multiaddrs over TCP without a peer id, such as `/ip4/192.168.1.7/tcp/4001`. */
import { isIP } from "node:net";
import { CODE_P2P, multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import { PeerError } from "../../errors.ts";

/** Longer ones are nobody's. */
export const MAX_ADDRESS_LENGTH = 128;

/** A host, by name or number, and a TCP port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The address of a port on a host. @throws PeerError `usage` for what cannot be one. */
export function addressOf({ host, port }: HostAndPort): string {
  const kind = { 4: "ip4", 6: "ip6" }[isIP(host)] ?? "dns";
  return readAddress(`/${kind}/${host}/tcp/${port}`);
}

/** @throws PeerError `usage` for text that is not an address over TCP; a peer id at its end is left out. */
export function readAddress(text: string): string {
  return plainAddress(parse(text));
}

/** Where the other end of a connection is, without its name. */
export function plainAddress(address: Multiaddr): string {
  return address.decapsulateCode(CODE_P2P).toString();
}

/** With the peer's name, so that only that peer is taken for the one that was dialled. */
export function dialable(address: string, peer: string | undefined): Multiaddr {
  const plain = parse(address).decapsulateCode(CODE_P2P);
  return peer === undefined ? plain : plain.encapsulate(`/p2p/${peer}`);
}

/** Host and port of an address; undefined when it has none. */
export function hostAndPortOf(address: string): HostAndPort | undefined {
  const [host, port] = parse(address).getComponents();
  if (host?.value === undefined || port?.value === undefined) return undefined;
  return { host: host.value, port: Number(port.value) };
}

/** Loopback means the same machine to those on it, and themselves to all others. */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1" || host === "localhost";
}

/** Those of a peer's addresses that lead other hosts to it; all of them where none does. */
export function addressesForOthers(addresses: readonly string[]): readonly string[] {
  const others = addresses.filter((address) => !isLoopback(hostAndPortOf(address)?.host ?? ""));
  return others.length > 0 ? others : addresses;
}

function parse(text: string): Multiaddr {
  try {
    if (text.length > MAX_ADDRESS_LENGTH * 2) throw new RangeError(`${text.length} characters`);
    const address = multiaddr(text);
    const [host, tcp] = address.getComponents();
    if (!["ip4", "ip6", "dns", "dns4", "dns6"].includes(host?.name ?? "") || tcp?.name !== "tcp") {
      throw new TypeError("it names no TCP port of a host");
    }
    return address;
  } catch (cause) {
    throw new PeerError("usage", `${JSON.stringify(text.slice(0, MAX_ADDRESS_LENGTH))} is no address of a peer`, {
      nextStep: "Write it as /ip4/ADDRESS/tcp/PORT, /ip6/ADDRESS/tcp/PORT or /dns/NAME/tcp/PORT.",
      cause,
    });
  }
}
