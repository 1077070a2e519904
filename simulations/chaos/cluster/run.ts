/** One run against whole peers: clients and faults for a while, then peace, then the questions. */
import { Lan, PeerFailure } from "@parley/node/testing";
import { checkLinearizability, describeCheck } from "@parley/raft/testing";
import { Random } from "../../kit/random.ts";
import { History } from "../history.ts";
import { Nemesis, type Pace } from "../nemesis.ts";
import type { ChaosReport } from "../report.ts";
import { readAll, runClient, type Workload } from "../workload.ts";
import { PeerClient } from "./client.ts";
import { lanes, type FaultContext } from "./faults.ts";
import { Observer } from "./observer.ts";
import { healAll, replicasAlike } from "./settle.ts";
import { World } from "./world.ts";

export interface ClusterChaosOptions {
  readonly seconds: number;
  readonly nodes: number;
  readonly seed: number;
  readonly clients: number;
  /** Of the clients' reads; with `stale` the run is expected to fail, which shows that it can. Default `linearizable`. */
  readonly consistency?: "linearizable" | "stale";
  /** Where the history is written; undefined: nowhere. */
  readonly historyPath: string | undefined;
  /** Ends the run early; what was started is ended in order. */
  readonly signal: AbortSignal;
  /** Hears once a second how it goes. */
  readonly onProgress?: (line: string) => void;
}

interface Run {
  readonly options: ClusterChaosOptions;
  readonly world: World;
  readonly history: History;
  readonly observer: Observer;
  readonly nemesis: Nemesis<FaultContext>;
}

const PROGRESS_MS = 1_000;
/** A whole peer takes seconds to start: with less rest there would hardly be a majority at any time. */
const PACE: Pace = { restMs: [1_000, 6_000], holdMs: [300, 3_000] };

export async function runClusterChaos(options: ClusterChaosOptions): Promise<ChaosReport> {
  const obstacle = Lan.obstacle();
  if (obstacle !== undefined) options.onProgress?.(`links are not hurt, because ${obstacle}`);
  const world = await World.make(options.nodes, obstacle === undefined);
  try {
    const history = new History(options.historyPath);
    try {
      return await unleash(options, world, history);
    } finally {
      await history.close();
    }
  } finally {
    await world.close();
  }
}

async function unleash(options: ClusterChaosOptions, world: World, history: History): Promise<ChaosReport> {
  const { seconds, seed, nodes: size } = options;
  const observer = new Observer(world);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal, AbortSignal.timeout(seconds * 1_000)]);
  const nemesis = new Nemesis<FaultContext>({
    lanes: lanes(world.household.lan !== undefined),
    seed,
    signal,
    pace: PACE,
    context: (random) => ({ world, random, size }),
    isExpected: (error) => error instanceof PeerFailure,
  });
  const run = { options, world, history, observer, nemesis };
  const watching = new AbortController();
  const observing = observer.run(watching.signal);
  try {
    await storm(run, signal, failed);
    const { longestGapMs } = history;
    const violations = options.signal.aborted ? [] : [...(await aftermath(run))];
    violations.push(...observer.violations, ...world.household.crashes());
    return {
      chaos: "cluster",
      seed,
      seconds,
      operations: history.counts,
      faults: nemesis.counts,
      failedFaults: nemesis.failures,
      leaderChanges: observer.primeChanges,
      longestUnavailableMs: Math.round(longestGapMs),
      violations,
    };
  } finally {
    watching.abort();
    await observing;
  }
}

/** Clients and faults side by side. */
async function storm(run: Run, signal: AbortSignal, failed: AbortController): Promise<void> {
  const { options, world, history, nemesis } = run;
  const { seed, clients, consistency = "linearizable", onProgress } = options;
  const startedAt = performance.now();
  const progress = setInterval(() => {
    onProgress?.(progressLine(Math.round((performance.now() - startedAt) / 1_000), run));
  }, PROGRESS_MS);
  history.startCounting();
  const workload: Workload = { history, seed, consistency, signal, nodes: () => [...world.open.keys()] };
  const parts = [
    nemesis.run(),
    ...Array.from({ length: clients }, async (_, i) => {
      const kv = new PeerClient(world, new Random(seed, `route/${i}`), consistency === "stale");
      await runClient(i, kv, workload);
    }),
  ];
  try {
    await Promise.all(parts);
  } finally {
    // When one fails, the others end before the cluster does.
    failed.abort();
    await Promise.allSettled(parts);
    clearInterval(progress);
  }
}

/** What must hold once there are no faults any more; what does not. */
async function aftermath({ options, world, history }: Run): Promise<readonly string[]> {
  const { clients, seed, onProgress } = options;
  const violations: string[] = [];
  onProgress?.("healing, and reading from every peer");
  try {
    await healAll(world);
    const kv = new PeerClient(world, new Random(seed, "aftermath"), false);
    const read = await Promise.all(world.open.map(async (_, i) => readAll(clients + i, kv, i, history)));
    const silent = world.open.filter((_, i) => read[i] !== true).map(({ name }) => name);
    if (silent.length > 0) violations.push(`liveness: no reads through ${silent.join(", ")}`);
    await replicasAlike(world);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    violations.push(`liveness: ${error.message}`);
  }
  onProgress?.(`checking ${history.operations.length} operations`);
  const checked = checkLinearizability(history.operations);
  if (checked.verdict !== "linearizable") violations.push(`linearizability: ${describeCheck(checked)}`);
  return violations;
}

function progressLine(passed: number, { options, history, nemesis, observer, world }: Run): string {
  const { counts } = history;
  const { newest, primeChanges } = observer;
  const who = newest === undefined ? "nobody was prime yet" : `${newest.name} is prime in term ${newest.term}`;
  const faults = nemesis.active.size === 0 ? "no faults" : [...nemesis.active].join(", ");
  const done = `${counts.ok} ok, ${counts.unknown} unknown, ${counts.fail} failed`;
  const peers = `${world.open.length} peers`;
  return `${passed}/${options.seconds} s: ${done}; ${peers}; ${who} after ${primeChanges} changes; ${faults}`;
}
