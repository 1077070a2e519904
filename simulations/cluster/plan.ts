/** What a seed decides before anything happens: the hosts, their options, and which faults may befall them (swarm testing). */
import type { ElectionTiming } from "@parley/raft";
import { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";

export const FAULTS = [
  "delay",
  "loss",
  "partition",
  "one-way-cut",
  "isolated-prime",
  "crash",
  "power-cut",
  "crash-at-any-await",
  "killed-prime",
  "graceful-restart",
  "pause",
  "sleep",
  "clock-jump",
  "clock-drift",
  "slow-disk",
  "full-disk",
  "newcomers",
  "leave",
  "revoke",
  "change-without-prime",
  "settings",
  "late-owners",
  "young-prime",
  "snapshots",
  "announced-sleep",
  "deposed-prime",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  /** Machines that start at the beginning; those after them are newcomers. */
  readonly founders: number;
  readonly machines: number;
  /** Whether faults begin at once, or once there is one cluster. */
  readonly startsInStorm: boolean;
  /** How far apart founders start. */
  readonly startWithin: Micros;
  readonly faults: ReadonlySet<Fault>;
  /** Faults come this many times as often as usual. */
  readonly intensity: number;
  readonly timing: ElectionTiming;
  readonly clients: number;
  readonly thinkTime: Micros;
  /** How long faults happen. */
  readonly safetyPhase: Micros;
  /** How long the healed cluster may take until everything is as it should be. */
  readonly livenessBound: Micros;
}

/** It takes three that vote, in calm, and is drawn the more often. */
const DEPOSED = 0.9;

/** Machines are 1 to this. */
export const MAX_MACHINES = 9;

/** @param only when given, other faults are left out; what is left stays as it was. */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  const density = 0.15 + 0.5 * random.next();
  const drawn = new Set<Fault>(FAULTS.filter((fault) => fault !== "deposed-prime" && random.chance(density)));
  if (new Random(seed, "plan/deposed-prime").chance(DEPOSED)) drawn.add("deposed-prime");
  const founders = random.oneOf(1, 2, 3, 3, 4, 5, 6);
  const heartbeatMs = random.oneOf(100, 150, 250);
  return {
    seed,
    founders,
    machines: Math.min(MAX_MACHINES, founders + random.between(1, 3)),
    startsInStorm: random.chance(0.35),
    startWithin: random.oneOf(0, 0, 100, 3_000) * MS,
    faults: only === undefined ? drawn : drawn.intersection(only),
    intensity: 0.4 + random.next(),
    // Slower than the default, which would make most of a run heartbeats.
    timing: { name: "simulated", heartbeatMs, electionMs: 4 * heartbeatMs, maxElectionMs: 5_000 },
    clients: random.between(1, 3),
    thinkTime: random.oneOf(200, 500, 1_500) * MS,
    safetyPhase: random.between(15, 45) * SECOND,
    livenessBound: 240 * SECOND,
  };
}
