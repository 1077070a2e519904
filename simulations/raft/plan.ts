/** What a seed decides before anything happens: the cluster, its options, and which faults may befall it (swarm testing). */
import type { ReadOnlyOption } from "@parley/raft";
import { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";

export const FAULTS = [
  "delay",
  "loss",
  "duplication",
  "reorder",
  "stale-replay",
  "partition",
  "one-way-partition",
  "partial-partition",
  "flapping-link",
  "unreachable-reports",
  "crash",
  "power-cut",
  "crash-at-any-step",
  "crash-after-acknowledgement",
  "cluster-power-cut",
  "old-snapshot",
  "pause",
  "clock-drift",
  "aligned-clocks",
  "slow-disk",
  "full-disk",
  "slow-apply",
  "membership-change",
  "joint-change",
  "learners",
  "leadership-transfer",
  "campaign-at-any-time",
  "compaction",
  "busy-snapshot",
  "client-retries",
  "eager-reads",
] as const;

export type Fault = (typeof FAULTS)[number];

export function isFault(name: string): name is Fault {
  return FAULTS.some((fault) => fault === name);
}

/** Options of one node. */
export interface NodePlan {
  readonly asyncStorageWrites: boolean;
  readonly heartbeatTicks: number;
  readonly maxMessageBytes: number;
  readonly maxApplyingBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

export interface Plan {
  readonly seed: number;
  readonly founders: number;
  readonly faults: ReadonlySet<Fault>;
  /** Faults come this many times as often as usual. */
  readonly intensity: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly stepDownOnRemoval: boolean;
  readonly readOnly: ReadOnlyOption;
  /** Lengths of ticks between which clocks drift, as multiples of {@link TICK}. */
  readonly ticks: { readonly fastest: number; readonly slowest: number };
  readonly clients: number;
  readonly thinkTime: Micros;
  /** How long faults happen. */
  readonly safetyPhase: Micros;
  /** How long the healed cluster may take to get going. */
  readonly livenessBound: Micros;
  readonly nodeOf: (id: number) => NodePlan;
}

export const ELECTION_TICKS = 10;
export const TICK: Micros = 50 * MS;
/** Node ids are 1 to this. */
export const MAX_NODES = 7;

/** @param only when given, other faults are left out; what is left stays as it was. */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  const density = 0.25 + 0.6 * random.next();
  const faults = new Set(FAULTS.filter(() => random.chance(density)));
  const storage = random.oneOf("sync", "async", "mixed");
  const heartbeatTicks = random.oneOf(1, 2, 3);
  const founders = random.oneOf(3, 3, 4, 5, 5, 7);
  const intensity = 0.5 + 2 * random.next();
  const preVote = random.chance(0.5);
  const checkQuorum = random.chance(0.5);
  // Leases ask for clocks that keep the core's bound (10 % by default), and a host that stands still is not one. They
  // do not depend on `only`: the run must stay the same while faults are left out of it.
  const hasLeases = checkQuorum && !faults.has("pause") && new Random(seed, "plan/leases").chance(0.7);
  return {
    seed,
    founders,
    faults: only === undefined ? faults : faults.intersection(only),
    intensity,
    preVote,
    checkQuorum,
    stepDownOnRemoval: random.chance(0.5),
    readOnly: hasLeases ? "lease-based" : "safe",
    ticks: hasLeases ? { fastest: 1, slowest: 1.1 } : { fastest: 0.4, slowest: 2.2 },
    clients: random.between(2, 5),
    thinkTime: random.oneOf(20, 100, 400) * MS,
    safetyPhase: random.between(8, 25) * SECOND,
    livenessBound: 90 * SECOND,
    nodeOf(id) {
      const own = new Random(seed, `plan/node/${id}`);
      return {
        asyncStorageWrites: storage === "mixed" ? own.chance(0.5) : storage === "async",
        heartbeatTicks,
        maxMessageBytes: own.oneOf(Infinity, 1024, 128, 24, 0),
        maxApplyingBytes: own.oneOf(Infinity, 1024, 64),
        maxUncommittedBytes: own.oneOf(Infinity, 4096, 64),
        maxInflightMessages: own.oneOf(256, 16, 2, 1),
        maxInflightBytes: own.oneOf(0, 0, 1024, 64),
      };
    },
  };
}
