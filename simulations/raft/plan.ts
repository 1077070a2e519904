/** What a seed decides before anything happens: the cluster, its options, and which faults may befall it (swarm testing). */
import type { ElectionTiming, LeaseOptions, LogStoreOptions, NodeLimits } from "@parley/raft";
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
  "broken-stream",
  "unreachable-reports",
  "gone-reports",
  "crash",
  "power-cut",
  "crash-at-any-await",
  "crash-after-acknowledgement",
  "cluster-power-cut",
  "stop-and-start",
  "old-snapshot",
  "pause",
  "clock-drift",
  "aligned-clocks",
  "slow-disk",
  "full-disk",
  "read-corruption",
  "lost-tail",
  "bit-rot",
  "membership-change",
  "joint-change",
  "learners",
  "leave",
  "leadership-transfer",
  "campaign-at-any-time",
  "compaction",
  "few-sessions",
  "client-retries",
  "eager-reads",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  /** The first voters are 1 to this. */
  readonly founders: number;
  readonly faults: ReadonlySet<Fault>;
  /** Faults come this many times as often as usual. */
  readonly intensity: number;
  readonly timing: ElectionTiming;
  /** With leases, reads are right only while clocks keep to the bound; without them they may drift as they please. */
  readonly leases: LeaseOptions | undefined;
  /** Between which clocks run, as multiples of the right speed. */
  readonly clockRates: { readonly slowest: number; readonly fastest: number };
  readonly clients: number;
  readonly thinkTime: Micros;
  /** How long faults happen. */
  readonly safetyPhase: Micros;
  /** How long the healed cluster may take to get going. */
  readonly livenessBound: Micros;
  readonly limitsOf: (id: number) => Partial<NodeLimits>;
  readonly storeOf: (id: number) => LogStoreOptions;
}

/** Node ids are 1 to this. */
export const MAX_NODES = 7;

/** @param only when given, other faults are left out; what is left stays as it was. */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  const density = 0.25 + 0.6 * random.next();
  const faults = new Set(FAULTS.filter(() => random.chance(density)));
  const heartbeatMs = random.oneOf(100, 150, 200);
  const electionMs = random.oneOf(500, 600);
  const isAdaptive = random.chance(0.5);
  const leases = new Random(seed, "plan/leases").chance(0.4) ? { maxClockDrift: 0.1 } : undefined;
  return {
    seed,
    founders: random.oneOf(3, 3, 4, 5, 5, 7),
    faults: only === undefined ? faults : faults.intersection(only),
    intensity: 0.5 + 2 * random.next(),
    timing: { name: "simulated", heartbeatMs, electionMs, maxElectionMs: isAdaptive ? 2000 : electionMs },
    leases,
    clockRates: leases === undefined ? { slowest: 0.45, fastest: 2.5 } : { slowest: 1 / 1.1, fastest: 1 },
    clients: random.between(2, 5),
    thinkTime: random.oneOf(20, 100, 400) * MS,
    safetyPhase: random.between(8, 25) * SECOND,
    livenessBound: 90 * SECOND,
    limitsOf(id) {
      const own = new Random(seed, `plan/limits/${id}`);
      return {
        maxProposals: own.oneOf(1000, 1000, 4, 1),
        maxReads: own.oneOf(1000, 1000, 2),
        maxMessageBytes: own.oneOf(1_000_000, 1024, 128, 1),
        maxInflightMessages: own.oneOf(256, 16, 2, 1),
        maxInflightBytes: own.oneOf(1_000_000, 1_000_000, 2048, 200),
        snapshotEntries: own.oneOf(100_000, 50, 10, 3),
        snapshotBytes: own.oneOf(1_000_000, 500),
        maxCommandBytes: 100,
        maxProposalBytes: own.oneOf(1_000_000, 1_000_000, 600, 250),
        maxSessions: faults.has("few-sessions") ? own.between(1, 3) : 100,
      };
    },
    storeOf(id) {
      const own = new Random(seed, `plan/store/${id}`);
      return {
        trailingEntries: own.oneOf(0, 0, 1, 10, 5000),
        tailBytes: own.oneOf(0, 400, 8_000_000),
        // Damage to older records than these is found after the start, and then there is only a person to mend it.
        verifyEntries: faults.has("bit-rot") ? 262_144 : own.oneOf(262_144, 5),
      };
    },
  };
}
