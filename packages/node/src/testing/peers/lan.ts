/**
 * A network of its own for each peer, joined by bridges with multicast: Linux, root, `ip`, `nft` and `tc`. Packets can be dropped
 * by direction or by chance, cables pulled and narrowed, addresses changed, connections held up. Nothing of the machine's own
 * network is touched.
 */
import { execFile, spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DelayRelayOptions } from "./delay-relay.ts";

const run = promisify(execFile);

/** Removes what is left of a network when its input ends: at the latest when whoever made it is gone. */
const SWEEPER = `trap '' INT TERM HUP
cat >/dev/null
for space in $(ip netns list | cut -d ' ' -f 1 | grep "^$1-"); do
  for pid in $(ip netns pids "$space"); do kill -9 "$pid" 2>/dev/null; done
  ip netns del "$space"
done`;

const isSource = import.meta.url.endsWith(".ts");
const RELAY = fileURLToPath(new URL(isSource ? "delay-relay.ts" : "delay-relay.js", import.meta.url));
const FIRST_RELAY_PORT = 20_000;

let made = 0;

/** One host on it. */
export interface Place {
  readonly namespace: string;
  /** Of its only interface. */
  readonly address: string;
  readonly subnet: number;
  /** Runs a program there. */
  readonly command: readonly string[];
}

export class Lan {
  readonly #name: string;
  readonly #hub: string;
  readonly #sweeper: ChildProcessByStdio<Writable, null, null>;
  readonly #places: Place[] = [];
  /** Senders that each place does not hear, by its namespace. */
  readonly #deaf = new Map<string, Set<Place>>();
  readonly #relays: ChildProcessByStdio<Writable, Readable, null>[] = [];
  #lossPercent = 0;
  #hasMulticast = true;

  private constructor(name: string) {
    this.#name = name;
    this.#hub = `${name}-hub`;
    this.#sweeper = spawn("/bin/sh", ["-c", SWEEPER, "sweeper", name], { stdio: ["pipe", "ignore", "ignore"] });
    this.#sweeper.stdin.on("error", () => undefined);
    this.#sweeper.unref();
  }

  /** Why there can be none; undefined when there can. */
  static obstacle(): string | undefined {
    for (const program of ["ip", "nft", "tc"]) {
      if (spawnSync(program, ["-V"]).error !== undefined) return `${program} is not installed`;
    }
    const probe = `parley-probe-${process.pid}`;
    const { status, stderr } = spawnSync("ip", ["netns", "add", probe], { encoding: "utf8" });
    if (status !== 0) return `network namespaces cannot be made (${stderr.trim()})`;
    spawnSync("ip", ["netns", "del", probe]);
    return undefined;
  }

  /** @param subnets of which each has a bridge of its own; packets are routed from one to another, multicast is not. */
  static async make({ subnets = 1 }: { readonly subnets?: number } = {}): Promise<Lan> {
    made += 1;
    const lan = new Lan(`parley-lan${process.pid}x${made}`);
    await lan.#ip("netns", "add", lan.#hub);
    await lan.#inside(lan.#hub, "link", "set", "lo", "up");
    for (let subnet = 0; subnet < subnets; subnet += 1) {
      const bridge = `br${subnet}`;
      await lan.#inside(lan.#hub, "link", "add", bridge, "type", "bridge", "mcast_snooping", "0");
      await lan.#inside(lan.#hub, "addr", "add", `10.99.${subnet}.254/24`, "dev", bridge);
      await lan.#inside(lan.#hub, "link", "set", bridge, "up");
    }
    await run("ip", ["netns", "exec", lan.#hub, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    return lan;
  }

  /** The address of the n-th host, counted from 1. */
  static addressOf(number: number, subnet = 0): string {
    return `10.99.${subnet}.${number}`;
  }

  /** One host more. */
  async plug(subnet = 0): Promise<Place> {
    const number = this.#places.length + 1;
    const namespace = `${this.#name}-${number}`;
    const place = {
      namespace,
      address: Lan.addressOf(number, subnet),
      subnet,
      command: ["ip", "netns", "exec", namespace],
    };
    this.#places.push(place);
    this.#deaf.set(namespace, new Set());
    await this.#ip("netns", "add", namespace);
    await this.#inside(namespace, "link", "set", "lo", "up");
    const far = `p${number}`;
    await this.#ip("link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", far, "netns", this.#hub);
    await this.#inside(this.#hub, "link", "set", far, "master", `br${subnet}`);
    await this.#inside(this.#hub, "link", "set", far, "up");
    await this.#inside(namespace, "addr", "add", `${place.address}/24`, "dev", "eth0");
    await this.#connect(place);
    if (this.#lossPercent > 0 || !this.#hasMulticast) await this.#filter(place);
    return place;
  }

  /** A second interface, `eth1`, on another subnet. Gives its address. */
  async plugAlso({ namespace }: Place, subnet: number): Promise<string> {
    const number = this.#places.findIndex((place) => place.namespace === namespace) + 1;
    const [far, address] = [`q${number}`, Lan.addressOf(number, subnet)];
    await this.#ip("link", "add", "eth1", "netns", namespace, "type", "veth", "peer", "name", far, "netns", this.#hub);
    await this.#inside(this.#hub, "link", "set", far, "master", `br${subnet}`);
    await this.#inside(this.#hub, "link", "set", far, "up");
    await this.#inside(namespace, "addr", "add", `${address}/24`, "dev", "eth1");
    await this.#inside(namespace, "link", "set", "eth1", "up");
    return address;
  }

  /** The cable is pulled. */
  async unplug({ namespace }: Place, device: "eth0" | "eth1" = "eth0"): Promise<void> {
    await this.#inside(namespace, "link", "set", device, "down");
  }

  /** Longer packets do not pass its interface. */
  async setMtu({ namespace }: Place, bytes: number): Promise<void> {
    await this.#inside(namespace, "link", "set", "eth0", "mtu", String(bytes));
  }

  /** No more than this passes its cable in either direction; what is too much waits in a queue, and is dropped behind it. */
  async narrow({ namespace }: Place, rateKbit: number, queueMs: number): Promise<void> {
    const number = this.#places.findIndex((place) => place.namespace === namespace) + 1;
    const shape = ["root", "tbf", "rate", `${rateKbit}kbit`, "burst", "32kbit", "latency", `${queueMs}ms`];
    await run("ip", ["netns", "exec", namespace, "tc", "qdisc", "replace", "dev", "eth0", ...shape]);
    await run("ip", ["netns", "exec", this.#hub, "tc", "qdisc", "replace", "dev", `p${number}`, ...shape]);
  }

  /** From now on no multicast reaches anybody, as on many guests' and company networks. */
  async blockMulticast(): Promise<void> {
    this.#hasMulticast = false;
    await Promise.all(this.#places.map((place) => this.#filter(place)));
  }

  /** From now on what goes to `port` of a host on another subnet, and what comes back, is held up by a relay. Once. */
  async delay(port: number, delayMs: number): Promise<void> {
    const relays = this.#places.map(({ address }, i) => ({
      port: FIRST_RELAY_PORT + i,
      toHost: address,
      toPort: port,
    }));
    const options: DelayRelayOptions = { delayMs, relays };
    const command = ["netns", "exec", this.#hub, process.execPath, RELAY, JSON.stringify(options)];
    const relay = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
    relay.stdin.on("error", () => undefined);
    this.#relays.push(relay);
    await once(relay.stdout, "data");
    const rules = relays.map((each) => `ip daddr ${each.toHost} tcp dport ${port} redirect to :${each.port};`);
    const chain = `chain relays { type nat hook prerouting priority -100; ${rules.join(" ")} };`;
    await run("ip", ["netns", "exec", this.#hub, "nft", `table ip parley { ${chain} }`]);
  }

  /** And put back. */
  async replug(place: Place, device: "eth0" | "eth1" = "eth0"): Promise<void> {
    if (device === "eth0") await this.#connect(place);
    else await this.#inside(place.namespace, "link", "set", device, "up");
  }

  /** It has another address from now on, as after a new lease. */
  async renumber({ namespace, subnet }: Place, number: number): Promise<string> {
    const address = Lan.addressOf(number, subnet);
    await this.#inside(namespace, "addr", "flush", "dev", "eth0");
    await this.#inside(namespace, "addr", "add", `${address}/24`, "dev", "eth0");
    await this.#inside(namespace, "route", "replace", "default", "via", `10.99.${subnet}.254`);
    return address;
  }

  /** Nothing that `from` sends reaches `to`. */
  async cutOneWay(from: Place, to: Place): Promise<void> {
    this.#deaf.get(to.namespace)?.add(from);
    await this.#filter(to);
  }

  async cut(one: Place, other: Place): Promise<void> {
    await Promise.all([this.cutOneWay(one, other), this.cutOneWay(other, one)]);
  }

  /** None of these hears any of those. */
  async divide(these: readonly Place[], those: readonly Place[]): Promise<void> {
    for (const one of these) for (const other of those) this.#deaf.get(one.namespace)?.add(other);
    for (const other of those) for (const one of these) this.#deaf.get(other.namespace)?.add(one);
    await Promise.all([...these, ...those].map((place) => this.#filter(place)));
  }

  /** All cuts are mended. */
  async heal(): Promise<void> {
    const affected = this.#places.filter(({ namespace }) => (this.#deaf.get(namespace)?.size ?? 0) > 0);
    for (const { namespace } of affected) this.#deaf.get(namespace)?.clear();
    await Promise.all(affected.map((place) => this.#filter(place)));
  }

  /** From now on every packet is lost with this probability on its way. */
  async lose(percent: number): Promise<void> {
    this.#lossPercent = percent;
    await Promise.all(this.#places.map((place) => this.#filter(place)));
  }

  /** Whoever still runs on it is killed. */
  async remove(): Promise<void> {
    if (this.#sweeper.exitCode !== null || this.#sweeper.signalCode !== null) return;
    for (const relay of this.#relays) relay.stdin.end();
    this.#sweeper.ref();
    const exited = once(this.#sweeper, "exit");
    this.#sweeper.stdin.end();
    await exited;
  }

  async #connect({ namespace, subnet }: Place): Promise<void> {
    await this.#inside(namespace, "link", "set", "eth0", "up");
    // Multicast goes where the default route does.
    await this.#inside(namespace, "route", "replace", "default", "via", `10.99.${subnet}.254`);
  }

  /** Rules are those of one namespace, and replaced at once. */
  async #filter({ namespace }: Place): Promise<void> {
    const senders = [...(this.#deaf.get(namespace) ?? [])].map(({ address }) => address);
    const rules = [
      ...(senders.length === 0 ? [] : [`ip saddr { ${senders.join(", ")} } drop`]),
      ...(this.#hasMulticast ? [] : ["ip daddr 224.0.0.0/4 drop"]),
      ...(this.#lossPercent === 0 ? [] : [`iifname "eth0" numgen random mod 100 < ${this.#lossPercent} drop`]),
    ];
    const chain = `chain input { type filter hook input priority 0; ${rules.map((rule) => `${rule};`).join(" ")} };`;
    const table = `add table inet parley; delete table inet parley; table inet parley { ${chain} }`;
    await run("ip", ["netns", "exec", namespace, "nft", table]);
  }

  async #inside(namespace: string, ...args: string[]): Promise<void> {
    await this.#ip("-n", namespace, ...args);
  }

  async #ip(...args: string[]): Promise<void> {
    await run("ip", args);
  }
}
