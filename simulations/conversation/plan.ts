/** What a seed decides before anything happens: peers, clients, their turns, and which faults may befall them (swarm testing). */
import { Random } from "../kit/random.ts";
import { SECOND, type Micros } from "../kit/timeline.ts";
import type { EngineTimes } from "./engines.ts";

export const FAULTS = [
  "killed-host",
  "killed-entry",
  "killed-prime",
  "crash",
  "pause",
  "partition",
  "one-way-cut",
  "isolated-host",
  "deposed-prime",
  "slow-links",
  "client-blink",
  "client-cut",
  "clock-drift",
  "drain",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  readonly hosts: number;
  readonly clients: number;
  /** Of each client. */
  readonly turns: number;
  readonly faults: ReadonlySet<Fault>;
  /** Faults come this many times as often as usual. */
  readonly intensity: number;
  readonly times: EngineTimes;
  readonly thinkMs: number;
  /** Of a client: for each peer, and for all of them. */
  readonly connectMs: number;
  readonly patienceMs: number;
  /** So long after its start a peer has what the others had in memory. */
  readonly settled: Micros;
  readonly safetyPhase: Micros;
  /** How long the healed house may take until all is answered. */
  readonly livenessBound: Micros;
}

/** @param only when given, other faults are left out; what is left stays as it was. */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  const density = 0.1 + 0.35 * random.next();
  const drawn = new Set<Fault>(FAULTS.filter(() => random.chance(density)));
  return {
    seed,
    hosts: random.oneOf(3, 3, 3, 4, 5),
    clients: random.between(1, 2),
    turns: random.between(2, 5),
    faults: only === undefined ? drawn : drawn.intersection(only),
    intensity: 0.5 + random.next(),
    times: {
      firstTokenMs: random.oneOf(50, 200, 400),
      tokenMs: random.oneOf(5, 30, 60),
      chunkMs: random.oneOf(5, 40, 150),
      toolMs: random.oneOf(20, 300, 1_500),
    },
    thinkMs: random.oneOf(50, 400, 2_000),
    connectMs: 5_000,
    patienceMs: 120_000,
    settled: 5 * SECOND,
    safetyPhase: random.between(10, 25) * SECOND,
    livenessBound: 90 * SECOND,
  };
}
