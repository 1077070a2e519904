/** Three nodes of ours: the processes of the test harness, running what is published. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Cluster as Harness } from "../../src/testing/harness/cluster.ts";
import type { WireStatus } from "../../src/testing/harness/control.ts";
import type { ElectionTiming } from "../../src/driver/timing.ts";
import { NODES, type Cluster, type Leadership, type System } from "./cluster.ts";
import { until } from "./deadline.ts";
import type { Endpoint } from "./target.ts";

const SETTLE_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const BUILD_TIMEOUT_MS = 5 * 60_000;
/** How far a node may be behind and still count as caught up: the leader's own status is a moment older. */
const CAUGHT_UP_ENTRIES = 10;

/** Nodes run built JavaScript: what strips types from sources takes memory and time that no user pays. */
export async function buildParley(): Promise<void> {
  const program = fileURLToPath(new URL("../../../../tools/build/main.ts", import.meta.url));
  const child = spawn(process.execPath, [program, "@parley/raft"], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: BUILD_TIMEOUT_MS,
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error("@parley/raft does not build");
}

export interface ParleyOptions {
  /** Default: the product's own. */
  readonly timing?: ElectionTiming;
  /** Folder for a CPU profile of each node; undefined: none are made, which costs nothing. */
  readonly profiles?: string | undefined;
}

export function parleySystem({ timing, profiles }: ParleyOptions): System {
  return {
    name: `parley${timing === undefined ? "" : ` at ${timing.name}`}`,
    async start(sweep) {
      const nodeFlags = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
      const harness = await Harness.start(NODES, { from: "dist", nodeFlags, ...(timing && { timing }) });
      const cluster = new ParleyCluster(harness, profiles !== undefined);
      sweep.add(() => {
        void harness.stopAll();
      });
      await cluster.settled();
      return cluster;
    },
  };
}

/** Nodes are counted from 0 here and from 1 in the harness. */
class ParleyCluster implements Cluster {
  readonly endpoints: readonly Endpoint[];
  readonly #harness: Harness;
  readonly #stopsInOrder: boolean;

  /** @param stopsInOrder whether nodes have something to write when they end */
  constructor(harness: Harness, stopsInOrder: boolean) {
    this.#harness = harness;
    this.#stopsInOrder = stopsInOrder;
    this.endpoints = [...harness.clientPorts().values()].map((port) => ({
      kind: "parley",
      address: `127.0.0.1:${port}`,
    }));
  }

  get pids(): readonly (number | undefined)[] {
    return this.#harness.ids().map((id) => (this.#harness.isRunning(id) ? this.#harness.processOf(id).pid : undefined));
  }

  settled(): Promise<Leadership> {
    return until("parley comes to rest", SETTLE_TIMEOUT_MS, POLL_MS, async () => {
      return leadershipIn(await this.#harness.statuses());
    });
  }

  kill(node: number): void {
    // What is left to do once it is dead concerns nobody here; restart() waits for it.
    void this.#harness.kill(node + 1);
  }

  async restart(node: number): Promise<void> {
    await this.#harness.kill(node + 1);
    await this.#harness.restart(node + 1);
  }

  async cut(node: number): Promise<void> {
    await this.#harness.isolate(node + 1);
  }

  async mend(): Promise<void> {
    await this.#harness.heal();
  }

  async stop(): Promise<void> {
    if (this.#stopsInOrder) for (const id of this.#harness.ids()) await this.#harness.stop(id);
    await this.#harness.stopAll();
  }
}

function leadershipIn(statuses: readonly WireStatus[]): Leadership | undefined {
  const leading = statuses.find(({ role }) => role === "leader");
  if (leading === undefined || statuses.length < NODES) return undefined;
  const isAtRest = statuses.every(
    ({ lead, term, applied }) =>
      lead === leading.id && term === leading.term && applied + CAUGHT_UP_ENTRIES >= leading.applied,
  );
  return isAtRest ? { leader: leading.id - 1, term: leading.term } : undefined;
}
