/** Measurements as rows, with what is promised of them. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import type { FailoverPlan } from "./failover.ts";
import type { Limits } from "./limits.ts";
import type { Load, Speed } from "./speed.ts";
import { largest, percentile } from "./statistics.ts";

const IDLE_MB = 80;
const LOADED_MB = 150;
/** p50 of {@link FailoverPlan.fault}. */
const FAILOVER_MS = { killed: 100, cut: 400 };
const THROUGHPUT_RATIO = 2;

/** A promise in numbers: at most `most` whatever the baseline, and better than the baseline by `ratio`. */
interface Promised {
  readonly most?: number;
  /** `value / baseline` must be below this, … */
  readonly below?: number;
  /** … or at least this. */
  readonly atLeast?: number;
}

export function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}

export function limitRows({ syncMs, roundTripMs, levelMs }: Limits): readonly BenchRow[] {
  return [
    informs("limit: fdatasync of 4 KiB, p50", syncMs, "ms"),
    informs("limit: 256 bytes there and back on loopback, p50", roundTripMs, "ms"),
    informs("limit: one value into LevelDB, synced, p50", levelMs, "ms"),
    // From the client and back, to a follower and back; the leader's own write goes on beside the follower's.
    informs("limit: two round trips and one synced write", 2 * roundTripMs + levelMs, "ms"),
  ];
}

export function speedRows(ours: Speed, theirs: Speed | undefined): readonly BenchRow[] {
  const rows = [50, 99].map((rank) => {
    const [value, baseline] = [percentile(ours.sequentialMs, rank), theirs && percentile(theirs.sequentialMs, rank)];
    return row(`sequential put, p${rank}`, value, "ms", baseline, { below: 1 });
  });
  for (const [i, load] of ours.loads.entries()) rows.push(...loadRows(load, theirs?.loads[i]));
  const memories = [
    ["idle", IDLE_MB, ours.idle, theirs?.idle],
    ["loaded", LOADED_MB, ours.loaded, theirs?.loaded],
  ] as const;
  for (const [when, most, memory, baseline] of memories) {
    if (memory.leader === undefined || memory.most === undefined) continue;
    rows.push(row(`memory ${when}, leader`, memory.leader, "MB", baseline?.leader, { most }));
    rows.push(row(`memory ${when}, largest node`, memory.most, "MB", baseline?.most, { most }));
  }
  rows.push(row("elections while nothing was wrong", ours.elections, "elections", theirs?.elections, { most: 0 }));
  return rows;
}

function loadRows(ours: Load, theirs: Load | undefined): readonly BenchRow[] {
  const name = `${ours.clients} clients`;
  const figure = (of: (load: Load) => number): readonly [number, number | undefined] => [
    of(ours),
    theirs && of(theirs),
  ];
  const puts = ({ latenciesMs }: Load): number => Math.max(1, latenciesMs.length);
  const [rate, baseRate] = figure((load) => load.latenciesMs.length / load.seconds);
  const [p50, baseP50] = figure(({ latenciesMs }) => percentile(latenciesMs, 50));
  const [p99, baseP99] = figure(({ latenciesMs }) => percentile(latenciesMs, 99));
  const [nodes, baseNodes] = figure((load) => (load.nodesCpuMs * 1000) / puts(load));
  const [generator, baseGenerator] = figure((load) => (load.generatorCpuMs * 1000) / puts(load));
  const [failed, baseFailed] = figure((load) => load.failed);
  return [
    row(`${name}, throughput`, rate, "puts/s", baseRate, { atLeast: THROUGHPUT_RATIO }),
    row(`${name}, put p50`, p50, "ms", baseP50, { below: 1 }),
    row(`${name}, put p99`, p99, "ms", baseP99, { below: 1 }),
    row(`${name}, puts that failed`, failed, "puts", baseFailed, { most: 0 }),
    // All of it shares the machine, so this is where throughput comes from.
    row(`${name}, processor time of all nodes per put`, nodes, "us", baseNodes, {}),
    row(`${name}, processor time of the load generator per put`, generator, "us", baseGenerator, {}),
  ];
}

/** @param theirs of the baseline, with the same timers */
export function failoverRows(
  name: string,
  fault: FailoverPlan["fault"],
  ours: readonly number[],
  theirs: readonly number[] | undefined,
): readonly BenchRow[] {
  const most = FAILOVER_MS[fault];
  return [
    row(`${name}, p50`, percentile(ours, 50), "ms", theirs && percentile(theirs, 50), { most, below: 1 }),
    row(`${name}, max`, largest(ours), "ms", theirs && largest(theirs), { below: 1 }),
  ];
}

function row(metric: string, value: number, unit: string, baseline: number | undefined, promised: Promised): BenchRow {
  const { most, below, atLeast } = promised;
  const checks: (readonly [string, boolean])[] = [];
  if (most !== undefined) checks.push([`<= ${most}`, value <= most]);
  if (baseline !== undefined && below !== undefined) checks.push(["< baseline", value < below * baseline]);
  if (baseline !== undefined && atLeast !== undefined) {
    checks.push([`>= ${atLeast}x baseline`, value >= atLeast * baseline]);
  }
  return {
    metric,
    value,
    unit,
    baseline: baseline ?? null,
    ratio: baseline === undefined || baseline === 0 ? null : value / baseline,
    goal: checks.length === 0 ? null : checks.map(([goal]) => goal).join(", "),
    met: checks.length === 0 ? null : checks.every(([, isMet]) => isMet),
  };
}
