/** What a seed decides before anything happens: the house, its work, and which faults may befall it (swarm testing). */
import { Random } from "../kit/random.ts";
import { drawFleet, type FleetPlan } from "./fleet.ts";
import { drawJobs, type Job, type WorkPlan } from "./work.ts";

export const FAULTS = ["deaths", "broken-engines", "slow-engines", "lost-reports", "overload"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  readonly faults: ReadonlySet<Fault>;
  readonly fleet: FleetPlan;
  readonly work: WorkPlan;
  readonly jobs: readonly Job[];
  readonly patienceMs: number;
  readonly reportEveryMs: number;
}

/** @param only these fault kinds of those that the seed has */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  // Some houses are calm: only these show how good the placement is.
  const isCalm = random.chance(0.4);
  const drawn = FAULTS.filter(() => random.chance(0.5) && !isCalm);
  const faults = new Set(drawn.filter((fault) => only?.has(fault) ?? true));
  const hosts = random.between(3, 12);
  const fleet = drawFleet(new Random(seed, "fleet"), hosts);
  const usual: WorkPlan = {
    load: 0.3 + random.next() * 0.4,
    arrivals: random.oneOf("poisson", "bursts"),
    durationMs: 120_000 / hosts,
    privateShare: random.oneOf(0, 0.1, 0.3),
  };
  const work = faults.has("overload") ? { ...usual, load: usual.load + 2, durationMs: usual.durationMs / 2 } : usual;
  const jobs = drawJobs(new Random(seed, "jobs"), fleet, work);
  return { seed, faults, fleet, work, jobs, patienceMs: 4_000, reportEveryMs: random.between(100, 400) };
}
