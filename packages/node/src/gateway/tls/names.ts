/** What clients may call this peer: the names and addresses in its certificate, to which alone it answers. */
import { isIP } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { domainToASCII } from "node:url";
import { isHostName, isOwnMachine, plainAddress, type ClientAccess } from "../../config/index.ts";

/** The machine, as far as names go. */
export interface Machine {
  readonly hostname: string;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
}

/** More addresses than these are not put into one certificate: some hosts have one for each container. */
const MAX_ADDRESSES = 64;

const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/**
 * DNS names in lower case and addresses, each once, in an order that stays: this machine's own at loopback, its host name, that
 * and the peer's name with `.local` (mDNS), its addresses, those it is called out under on the network, and those of
 * `listen.names`.
 */
export function namesOf(
  name: string,
  access: Pick<ClientAccess, "host" | "isLocalOnly" | "names">,
  machine: Machine,
  called: readonly string[] = [],
): readonly string[] {
  const { host, isLocalOnly, names } = access;
  const bound = isIP(host) === 0 || isWildcard(host) ? [] : [host];
  if (isLocalOnly) return unique([...LOOPBACK, ...bound, ...names]);
  const addresses = bound.length > 0 ? bound : addressesOf(machine);
  return unique([...LOOPBACK, ...hostNames(name, machine.hostname), ...addresses, ...called, ...names]);
}

/** True for the addresses that stand for all of a machine's. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || /^[0:]+$/.test(address);
}

function hostNames(name: string, hostname: string): readonly string[] {
  const full = domainToASCII(hostname.replace(/\.$/, "")).toLowerCase();
  const [label = ""] = full.split(".");
  const called = domainToASCII(name).toLowerCase();
  const labels = [label, called].filter((each) => isHostName(each) && !each.includes("."));
  return [full, ...labels.flatMap((each) => [each, `${each}.local`])].filter(isHostName);
}

/** Those that other machines may reach, IPv4 first. */
function addressesOf({ interfaces }: Machine): readonly string[] {
  const infos = Object.values(interfaces).flatMap((each) => each ?? []);
  const others = infos.filter(({ internal, address }) => !internal && !isOwnMachine(address));
  const addresses = others.map(({ address }) => plainAddress(address)).filter((address) => isIP(address) !== 0);
  return addresses.toSorted((one, other) => isIP(one) - isIP(other) || (one < other ? -1 : 1)).slice(0, MAX_ADDRESSES);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== ""))];
}
