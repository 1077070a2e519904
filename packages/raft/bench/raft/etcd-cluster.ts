/** Three real etcd processes, as a Debian host runs them: defaults but for what is said here. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { NodeProcess } from "./child.ts";
import { NODES, type Cluster, type Leadership, type System } from "./cluster.ts";
import { until } from "./deadline.ts";
import { EtcdTarget } from "./etcd-target.ts";
import { freePorts, linkedHosts, loopbackHosts, type Host, type LinkedHosts } from "./hosts.ts";
import type { Sweep } from "./sweep.ts";
import type { Endpoint } from "./target.ts";

export interface EtcdTimers {
  readonly heartbeatMs: number;
  readonly electionMs: number;
}

/** etcd's own defaults. */
export const ETCD_DEFAULT_TIMERS: EtcdTimers = { heartbeatMs: 100, electionMs: 1000 };

const SETTLE_TIMEOUT_MS = 60_000;
const STATUS_TIMEOUT_MS = 1000;
const POLL_MS = 50;
/** How far a node's log may be behind and still count as caught up: the leader's own status is a moment older. */
const CAUGHT_UP_ENTRIES = 10;

/** What `etcd --version` says first; undefined when it is not installed. */
export function etcdVersion(): string | undefined {
  try {
    const text = execFileSync("etcd", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return text.split("\n")[0]?.replace(/^etcd Version: /, "etcd ");
  } catch (error) {
    process.stderr.write(`etcd is not to be had: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

export function etcdSystem(name: string, timers: EtcdTimers): System {
  return {
    name,
    async start(sweep, { cuttable }) {
      const linked = cuttable ? linkedHosts(NODES, sweep) : undefined;
      if (cuttable && linked === undefined) return undefined;
      const hosts = linked?.hosts ?? loopbackHosts(NODES);
      const cluster = new EtcdCluster(hosts, linked, await freePorts(2 * NODES), timers, sweep);
      await cluster.settled();
      return cluster;
    },
  };
}

class EtcdCluster implements Cluster {
  readonly endpoints: readonly Endpoint[];
  readonly #hosts: readonly Host[];
  readonly #links: LinkedHosts | undefined;
  readonly #peers: readonly string[];
  readonly #timers: EtcdTimers;
  readonly #sweep: Sweep;
  readonly #folder: string;
  readonly #nodes: NodeProcess[];
  readonly #status: readonly EtcdTarget[];

  constructor(
    hosts: readonly Host[],
    links: LinkedHosts | undefined,
    ports: readonly number[],
    timers: EtcdTimers,
    sweep: Sweep,
  ) {
    this.#hosts = hosts;
    this.#links = links;
    this.#timers = timers;
    this.#sweep = sweep;
    this.#folder = sweep.folder();
    this.#peers = hosts.map(({ address }, i) => `http://${address}:${ports[i]}`);
    this.endpoints = hosts.map(({ address }, i) => ({ kind: "etcd", address: `${address}:${ports[NODES + i]}` }));
    this.#nodes = hosts.map((_, i) => this.#launch(i));
    this.#status = this.endpoints.map(({ address }) => new EtcdTarget(address));
  }

  get pids(): readonly (number | undefined)[] {
    return this.#nodes.map(({ pid }) => pid);
  }

  settled(): Promise<Leadership> {
    return until("etcd comes to rest", SETTLE_TIMEOUT_MS, POLL_MS, async () => {
      const all = await Promise.all(this.#status.map((each) => each.status(STATUS_TIMEOUT_MS)));
      const leader = all.findIndex(({ member }) => member === all[0]?.leader);
      const leading = all[leader];
      if (leading === undefined) return undefined;
      const isAtRest = all.every(
        (each) =>
          each.leader === leading.member &&
          each.term === leading.term &&
          each.appliedIndex + CAUGHT_UP_ENTRIES >= leading.appliedIndex,
      );
      return isAtRest ? { leader, term: leading.term } : undefined;
    });
  }

  kill(node: number): void {
    this.#nodes[node]?.kill();
  }

  async restart(node: number): Promise<void> {
    await this.#nodes[node]?.killed();
    this.#nodes[node] = this.#launch(node);
  }

  async cut(node: number): Promise<void> {
    if (this.#links === undefined) throw new Error("this cluster was not started to be cut");
    this.#links.cut(node);
  }

  async mend(node: number): Promise<void> {
    this.#links?.mend(node);
  }

  async stop(): Promise<void> {
    for (const each of this.#status) each.close();
    await Promise.all(this.#nodes.map((node) => node.killed()));
  }

  #launch(node: number): NodeProcess {
    const peer = this.#peers[node] ?? "";
    const clients = `http://${this.endpoints[node]?.address}`;
    const flags = {
      name: `n${node}`,
      "data-dir": join(this.#folder, `n${node}`),
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "listen-client-urls": clients,
      "advertise-client-urls": clients,
      "initial-cluster": this.#peers.map((url, i) => `n${i}=${url}`).join(","),
      "heartbeat-interval": this.#timers.heartbeatMs,
      "election-timeout": this.#timers.electionMs,
      logger: "zap",
      "log-level": "error",
    };
    const command = ["etcd", ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)];
    const host = this.#hosts[node] ?? { address: "", prefix: [] };
    return new NodeProcess(host, command, join(this.#folder, `n${node}.txt`), this.#sweep);
  }
}
