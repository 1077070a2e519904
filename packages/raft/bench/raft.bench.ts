/**
 * Three nodes as processes of their own, fsync on, 256-byte values: how fast puts are, how long nobody can write when the
 * leader is lost, what memory it takes; beside that what the machine itself takes for the parts of a put, and what the core
 * takes alone.
 *
 *     npm run bench -- raft [--baseline etcd] [--rounds N] [--puts N] [--seconds N] [--only speed,failover,core,limits]
 *
 * `--baseline etcd` puts the same load on three `etcd` processes in the same run, in turns; where etcd is not installed the
 * bench says so and goes on without. Our nodes are told to drop what they would send over a cut link; those of etcd are
 * taken off a virtual switch, which needs Linux, root and `ip`. `--profile DIR` makes our nodes write CPU profiles there.
 * All of it takes 5 minutes, with the baseline 17. It is worth something only on a machine that does nothing else, because
 * every put waits for several processes in turn.
 */
import type { Bench, BenchRow } from "../../../tools/bench/types.ts";
import type { ElectionTiming } from "../src/driver/timing.ts";
import type { System } from "./raft/cluster.ts";
import { coreMicrosPerProposal } from "./raft/core-cost.ts";
import { ETCD_DEFAULT_TIMERS, etcdSystem, etcdVersion } from "./raft/etcd-cluster.ts";
import { measureFailover, nameOf, type FailoverPlan } from "./raft/failover.ts";
import { measureLimits } from "./raft/limits.ts";
import { buildParley, parleySystem } from "./raft/parley-cluster.ts";
import { failoverRows, informs, limitRows, speedRows } from "./raft/rows.ts";
import { measureSpeed } from "./raft/speed.ts";
import { Sweep } from "./raft/sweep.ts";
import { readArguments, type Arguments } from "./raft/arguments.ts";

const CLIENTS = [64, 256];
const LOADED_CLIENTS = 64;
const TURNS = 2;
/** For both: what etcd on one network can sensibly be set to. */
const FAST_TIMERS: ElectionTiming = { name: "10/100 ms", heartbeatMs: 10, electionMs: 100, maxElectionMs: 5_000 };
const CORE_PROPOSALS = 100_000;
const CORE_BATCHES = [1, 64];

const bench: Bench = async (args) => {
  const wanted = readArguments(args);
  const sweep = new Sweep();
  try {
    await buildParley();
    const etcd = wanted.baseline === "etcd" ? etcdVersion() : undefined;
    if (etcd !== undefined) process.stderr.write(`baseline: ${etcd}\n`);
    const rows: BenchRow[] = [];
    const { parts } = wanted;
    if (parts.has("limits")) rows.push(...limitRows(await measureLimits(sweep)));
    if (parts.has("core")) rows.push(...coreRows());
    if (parts.has("speed")) rows.push(...(await speed(wanted, etcd !== undefined, sweep)));
    if (parts.has("failover")) rows.push(...(await failover(wanted, etcd !== undefined, sweep)));
    return { bench: "raft", rows };
  } finally {
    sweep.close();
  }
};
export default bench;

function coreRows(): readonly BenchRow[] {
  return CORE_BATCHES.map((batch) => {
    const micros = coreMicrosPerProposal(batch, CORE_PROPOSALS);
    return informs(`core alone, three nodes, ${batch} proposed at once: per proposal`, micros, "us");
  });
}

async function speed(
  { puts, seconds, profile }: Arguments,
  hasEtcd: boolean,
  sweep: Sweep,
): Promise<readonly BenchRow[]> {
  const systems = [parleySystem({ profiles: profile }), ...(hasEtcd ? [etcdSystem("etcd", ETCD_DEFAULT_TIMERS)] : [])];
  const plan = { sequentialPuts: puts, clients: CLIENTS, msPerLoad: seconds * 1000, turns: TURNS };
  const [ours, theirs] = await measureSpeed(systems, plan, sweep);
  if (ours === undefined) throw new Error("nothing was measured");
  return speedRows(ours, theirs);
}

async function failover(wanted: Arguments, hasEtcd: boolean, sweep: Sweep): Promise<readonly BenchRow[]> {
  const { rounds, profile: profiles } = wanted;
  const ours = parleySystem({ profiles });
  const pairs: { readonly name: string; readonly ours: System; readonly theirs?: System }[] = hasEtcd
    ? [
        { name: "", ours, theirs: etcdSystem("etcd", ETCD_DEFAULT_TIMERS) },
        {
          name: ` (${FAST_TIMERS.name} timers)`,
          ours: parleySystem({ profiles, timing: FAST_TIMERS }),
          theirs: etcdSystem(`etcd at ${FAST_TIMERS.name}`, FAST_TIMERS),
        },
      ]
    : [{ name: "", ours }];
  const rows: BenchRow[] = [];
  for (const pair of pairs) {
    for (const fault of ["killed", "cut"] as const) {
      for (const clients of [0, LOADED_CLIENTS]) {
        const plan: FailoverPlan = { fault, clients, rounds };
        const measured = await measureFailover(pair.ours, plan, sweep);
        if (measured === undefined) throw new Error("our own links cannot be cut");
        const baseline = pair.theirs && (await measureFailover(pair.theirs, plan, sweep));
        rows.push(...failoverRows(nameOf(plan) + pair.name, fault, measured, baseline));
      }
    }
  }
  return rows;
}
