/** Probes of what a cluster needs of the network. A voice turn works without, so nothing here is `missing`. */
import { clientAccessOf, isOwnMachine, type Config } from "../../config/index.ts";
import type { Finding } from "./finding.ts";
import type { DoctorHost } from "./host.ts";
import { isParleyHealth } from "./port.ts";

/** Bits of an interface (Linux, `include/uapi/linux/if.h`). */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_MULTICAST = 0x1000;
/** Bit of a route (Linux, `include/uapi/linux/route.h`). */
const RTF_UP = 0x1;

/** The group that mDNS speaks to (RFC 6762 section 3), with the mask that makes it 224.0.0.0/4. */
const MDNS_GROUP = 0xe0_00_00_fb;

/** A way out for what is sent to a group: without, nothing is sent and nobody says so. */
interface Route {
  readonly device: string;
  readonly destination: number;
  readonly mask: number;
}

/**
 * Whether peers can find each other by multicast. Linux sends to a group by the routing table, even where nobody is meant in
 * particular; a host with neither a default route nor one for 224.0.0.0/4 finds nobody, silently.
 */
export function probeMulticast(host: Pick<DoctorHost, "platform" | "readText" | "list">, config: Config): Finding {
  const probe = "multicast";
  const { enabled, discovery, join } = config.cluster;
  if (!enabled) return { probe, status: "ok", summary: "Not needed: clustering is off." };
  if (discovery !== "mdns") return { probe, status: "ok", summary: `Not needed: cluster.discovery is ${discovery}.` };
  if (host.platform !== "linux") {
    return {
      probe,
      status: "ok",
      summary: "Peers look for each other by mDNS; the system's firewall must let UDP port 5353 pass.",
    };
  }
  const able = host.list("/sys/class/net").filter((device) => canMulticast(host, device));
  const otherwise = join === "" ? "parley start --join HOST:8766" : "none needed: cluster.join names peers";
  if (able.length === 0) {
    const summary = "No network interface that is up can multicast: mDNS finds nobody.";
    return { probe, status: "warning", summary, mend: otherwise, facts: { interfaces: 0 } };
  }
  const route = routesOf(host.readText("/proc/net/route") ?? "").find(leadsToMdns);
  const facts = { interfaces: able.length, route: route?.device ?? null };
  if (route === undefined) {
    const summary =
      "There is no route for multicast (neither a default one nor 224.0.0.0/4): mDNS finds nobody, and does not say so.";
    return {
      probe,
      status: "warning",
      summary,
      mend: `sudo ip route add 224.0.0.0/4 dev ${able[0]}, or: ${otherwise}`,
      facts,
    };
  }
  if (!able.includes(route.device)) {
    const summary = `Multicast leaves by ${route.device}, which cannot multicast: mDNS finds nobody, and does not say so.`;
    return {
      probe,
      status: "warning",
      summary,
      mend: `sudo ip route add 224.0.0.0/4 dev ${able[0]}, or: ${otherwise}`,
      facts,
    };
  }
  return { probe, status: "ok", summary: `Peers nearby are found by mDNS over ${route.device}.`, facts };
}

function canMulticast(host: Pick<DoctorHost, "readText">, device: string): boolean {
  const flags = Number.parseInt(host.readText(`/sys/class/net/${device}/flags`) ?? "", 16);
  return (flags & IFF_UP) !== 0 && (flags & IFF_MULTICAST) !== 0 && (flags & IFF_LOOPBACK) === 0;
}

/** The IPv4 routes that are up, the most exact first, as the kernel takes them: numbers are in the machine's own byte order. */
function routesOf(table: string): readonly Route[] {
  const rows = table
    .split("\n")
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  const routes = rows.flatMap(([device = "", destination = "", , flags = "", , , , mask = ""]) => {
    if ((Number.parseInt(flags, 16) & RTF_UP) === 0) return [];
    return [{ device, destination: address(destination), mask: address(mask) }];
  });
  return routes.toSorted((one, other) => other.mask - one.mask);
}

/** `000000E0` as 224.0.0.0: every machine that Node 24 runs on with Linux, but s390x, has its lowest byte first. */
function address(hex: string): number {
  const bytes = hex.match(/../g) ?? [];
  return Number.parseInt(bytes.toReversed().join(""), 16);
}

function leadsToMdns({ destination, mask }: Route): boolean {
  return (MDNS_GROUP & mask) >>> 0 === destination;
}

/** The port that other peers reach this one at is free, or the peer that runs here has it. */
export async function probeMeshPort(host: Pick<DoctorHost, "health" | "tryListen">, config: Config): Promise<Finding> {
  const probe = "mesh-port";
  if (!config.cluster.enabled) return { probe, status: "ok", summary: "Not needed: clustering is off." };
  const { host: at, port } = config.mesh;
  const { host: listen } = clientAccessOf(config);
  const facts = { host: at, port };
  const code = await host.tryListen(at, port);
  if (code === undefined) {
    const summary =
      port === 0 ? "Any free port will be taken for other peers." : `Port ${port} on ${at} is free for other peers.`;
    return { probe, status: "ok", summary, facts };
  }
  const mend = "parley start --mesh-port 0";
  if (code !== "EADDRINUSE") {
    const reason = code === "EADDRNOTAVAIL" ? "this machine does not have that address" : `listening fails (${code})`;
    return { probe, status: "warning", summary: `Port ${port} on ${at} cannot be used: ${reason}.`, mend, facts };
  }
  if (isParleyHealth(await host.health(isOwnMachine(listen) ? listen : "127.0.0.1", config.listen.port))) {
    return { probe, status: "ok", summary: `Port ${port} is taken, by the peer that runs here as it seems.`, facts };
  }
  return { probe, status: "warning", summary: `Port ${port} on ${at} is taken by another program.`, mend, facts };
}
