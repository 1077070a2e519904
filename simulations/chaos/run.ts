/** One run: clients and faults for a while, then peace, then the questions. */
import { Cluster, KvClient, checkLinearizability, describeCheck, type CodeFrom } from "@parley/raft/testing";
import { RaftError, type NodeId } from "@parley/raft";
import { History } from "./history.ts";
import { LANES, type FaultContext } from "./faults.ts";
import { Nemesis } from "./nemesis.ts";
import { Observer } from "./observer.ts";
import type { ChaosReport } from "./report.ts";
import { healAll, replicasAlike } from "./settle.ts";
import { readAll, runClient, type Workload } from "./workload.ts";

export interface ChaosOptions {
  readonly seconds: number;
  readonly nodes: number;
  readonly seed: number;
  readonly clients: number;
  readonly from: CodeFrom;
  /** Of the clients' reads; with `stale` the run is expected to fail, which shows that it can. Default `linearizable`. */
  readonly consistency?: "linearizable" | "stale";
  /** Where the history is written; undefined: nowhere. */
  readonly historyPath: string | undefined;
  /** Ends the run early; what was started is ended in order. */
  readonly signal: AbortSignal;
  /** Hears once a second how it goes. */
  readonly onProgress?: (line: string) => void;
}

const PROGRESS_MS = 1_000;
/** So many entries that slow nodes often need a snapshot. */
const SNAPSHOT_ENTRIES = 2_000;
const TRAILING_ENTRIES = 500;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { nodes, from, historyPath } = options;
  await using cluster = await Cluster.start(nodes, {
    from,
    limits: { snapshotEntries: SNAPSHOT_ENTRIES },
    log: { trailingEntries: TRAILING_ENTRIES },
  });
  await cluster.leader();
  const history = new History(historyPath);
  try {
    return await unleash(options, cluster, history);
  } finally {
    await history.close();
  }
}

async function unleash(options: ChaosOptions, cluster: Cluster, history: History): Promise<ChaosReport> {
  const { seconds, seed, signal } = options;
  const observer = new Observer(cluster);
  const watching = new AbortController();
  const observing = observer.run(watching.signal);
  const violations: string[] = [];
  let nemesis: Nemesis<FaultContext>;
  try {
    nemesis = await storm(options, cluster, history, observer);
    const { longestGapMs } = history;
    if (!signal.aborted) violations.push(...(await aftermath(options, cluster, history)));
    violations.push(...observer.violations, ...cluster.crashes());
    return {
      chaos: "raft",
      seed,
      seconds,
      operations: history.counts,
      faults: nemesis.counts,
      failedFaults: nemesis.failures,
      leaderChanges: observer.leaderChanges,
      longestUnavailableMs: Math.round(longestGapMs),
      violations,
    };
  } finally {
    watching.abort();
    await observing;
  }
}

/** Clients and faults side by side. */
async function storm(
  options: ChaosOptions,
  cluster: Cluster,
  history: History,
  observer: Observer,
): Promise<Nemesis<FaultContext>> {
  const { seconds, seed, clients, consistency = "linearizable", onProgress } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal, AbortSignal.timeout(seconds * 1_000)]);
  const claimed = new Set<NodeId>();
  const size = cluster.ids().length;
  const nemesis = new Nemesis<FaultContext>({
    lanes: LANES,
    seed,
    signal,
    context: (random) => ({ cluster, random, claimed, size }),
    isExpected: (error) => error instanceof RaftError,
  });
  const connected = Array.from(
    { length: clients },
    // Half of them retry safely in a session; the others are told when an outcome is unknown.
    (_, i) => new KvClient({ ports: () => cluster.clientPorts(), useSession: i % 2 === 0 }),
  );
  const startedAt = performance.now();
  const progress = setInterval(() => {
    const passed = Math.round((performance.now() - startedAt) / 1_000);
    onProgress?.(progressLine(passed, options, history, nemesis, observer));
  }, PROGRESS_MS);
  history.startCounting();
  const workload: Workload = { history, seed, consistency, signal, nodes: () => cluster.ids() };
  const parts = [nemesis.run(), ...connected.map(async (kv, i) => runClient(i, kv, workload))];
  try {
    await Promise.all(parts);
  } finally {
    // When one fails, the others end before the cluster does.
    failed.abort();
    await Promise.allSettled(parts);
    clearInterval(progress);
    for (const kv of connected) kv.close();
  }
  return nemesis;
}

/** What must hold once there are no faults any more; what does not. */
async function aftermath(options: ChaosOptions, cluster: Cluster, history: History): Promise<readonly string[]> {
  const { clients, onProgress } = options;
  const violations: string[] = [];
  onProgress?.("healing, and reading from every node");
  try {
    await healAll(cluster);
    const read = await Promise.all(cluster.ids().map(async (id, i) => readThrough(cluster, history, id, clients + i)));
    const silent = cluster.ids().filter((_, i) => read[i] !== true);
    if (silent.length > 0) violations.push(`liveness: no reads through ${silent.join(", ")}${await portrait(cluster)}`);
    await replicasAlike(cluster);
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    violations.push(`liveness: ${error.message}${await portrait(cluster)}`);
  }
  onProgress?.(`checking ${history.operations.length} operations`);
  const checked = checkLinearizability(history.operations);
  if (checked.verdict !== "linearizable") violations.push(`linearizability: ${describeCheck(checked)}`);
  return violations;
}

async function readThrough(cluster: Cluster, history: History, id: NodeId, client: number): Promise<boolean> {
  const kv = new KvClient({ ports: () => cluster.clientPorts(), useSession: false });
  try {
    return await readAll(client, kv, id, history);
  } finally {
    kv.close();
  }
}

/** What every node says of itself, for whoever has to find out what is wrong. */
async function portrait(cluster: Cluster): Promise<string> {
  const statuses = await cluster.statuses();
  return statuses
    .map(({ id, role, term, lead, commit, applied, confState, peers }) =>
      JSON.stringify({ id, role, term, lead, commit, applied, confState, peers }),
    )
    .map((line) => `\n  ${line}`)
    .join("");
}

function progressLine(
  passed: number,
  { seconds }: ChaosOptions,
  { counts }: History,
  { active }: Nemesis<FaultContext>,
  { newest, leaderChanges }: Observer,
): string {
  const who = newest === undefined ? "nobody led yet" : `node ${newest.leader} leads term ${newest.term}`;
  const faults = active.size === 0 ? "no faults" : [...active].join(", ");
  const done = `${counts.ok} ok, ${counts.unknown} unknown, ${counts.fail} failed`;
  return `${passed}/${seconds} s: ${done}; ${who} after ${leaderChanges} changes; ${faults}`;
}
