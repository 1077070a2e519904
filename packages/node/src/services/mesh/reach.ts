/** How far what is sent to a server travels. */
import { BlockList, isIP } from "node:net";
import type { Reach } from "../../routing/index.ts";

/** RFC 1918, 3927, 4193, 4291, 6598: addresses that no one reaches from outside. */
const OWN = new BlockList();
for (const [net, bits] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  OWN.addSubnet(net, bits, "ipv4");
}
OWN.addSubnet("fc00::", 7, "ipv6");
OWN.addSubnet("fe80::", 10, "ipv6");

/** RFC 6762, 8375, and what routers call their networks. A name without a dot is looked up there as well. */
const OWN_NAMES = /(?:^[^.]+|\.(?:local|home\.arpa|lan|internal|home))$/;

/** Of a server at `url`: this machine, one that only the house reaches, or any other. In doubt, any other. */
export function reachOf(url: string): Reach {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const version = isIP(host);
  if (host === "localhost" || host.endsWith(".localhost") || host === "::1") return "host";
  if (version === 4) return host.startsWith("127.") ? "host" : OWN.check(host, "ipv4") ? "house" : "outside";
  if (version === 6) return OWN.check(host, "ipv6") ? "house" : "outside";
  return OWN_NAMES.test(host) ? "house" : "outside";
}
