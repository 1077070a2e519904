/**
 * Where nodes run: all on loopback, or each behind a network link of its own that can be cut as if its cable were pulled:
 * no reset, no refusal, only silence. That takes network namespaces, so Linux, `ip` and root.
 */
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import type { Sweep } from "./sweep.ts";

export interface Host {
  readonly address: string;
  /** What goes before a command so that it runs there. */
  readonly prefix: readonly string[];
}

export interface LinkedHosts {
  readonly hosts: readonly Host[];
  cut(host: number): void;
  mend(host: number): void;
}

/** Addresses set aside for benchmarks (RFC 2544). */
const NETWORK = "198.18";
/** Networks that this process has made so far: each has a name of its own. */
let networks = 0;

export function loopbackHosts(count: number): readonly Host[] {
  return Array.from({ length: count }, () => ({ address: "127.0.0.1", prefix: [] }));
}

/** Hosts behind a switch that this process is connected to as well; undefined where that cannot be had. */
export function linkedHosts(count: number, sweep: Sweep): LinkedHosts | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  networks += 1;
  const tag = `${process.pid.toString(36)}${networks.toString(36)}`;
  const bridge = `rb${tag}`;
  const subnet = `${NETWORK}.${(process.pid + networks) % 256}`;
  try {
    ip("link", "add", bridge, "type", "bridge");
  } catch (error) {
    process.stderr.write(`no network links of our own here: ${String(error)}\n`);
    return undefined;
  }
  sweep.add(() => {
    ip("link", "del", bridge);
  });
  ip("addr", "add", `${subnet}.254/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
  const ports = Array.from({ length: count }, (_, i) => `rb${tag}p${i}`);
  const hosts = ports.map((port, i) => addHost(sweep, bridge, port, `rb${tag}n${i}`, `${subnet}.${i + 1}`));
  const portOf = (host: number): string => ports[host] ?? "";
  return {
    hosts,
    // Taken off the switch, not switched off: the host must not learn of it from its own network card.
    cut: (host) => ip("link", "set", "dev", portOf(host), "nomaster"),
    mend: (host) => ip("link", "set", "dev", portOf(host), "master", bridge),
  };
}

function addHost(sweep: Sweep, bridge: string, port: string, space: string, address: string): Host {
  ip("netns", "add", space);
  sweep.add(() => {
    ip("netns", "del", space);
  });
  ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space);
  sweep.add(() => {
    ip("link", "del", port);
  });
  ip("link", "set", "dev", port, "master", bridge, "up");
  ip("-n", space, "addr", "add", `${address}/24`, "dev", "eth0");
  ip("-n", space, "link", "set", "eth0", "up");
  ip("-n", space, "link", "set", "lo", "up");
  return { address, prefix: ["ip", "netns", "exec", space] };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"], timeout: 10_000 });
}

/** Ports on loopback that nobody listens on now; taken together, so that all are different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject).listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
