/** The houses that routers are compared in. */
import { play, type Make, type Outcome, type Scene } from "../../../../simulations/routing/compare.ts";

export interface SceneKind extends Pick<Scene, "hosts" | "arrivals" | "load"> {
  readonly name: string;
}

export const SIZES = [3, 10, 30, 50] as const;
export const LOADS = [0.3, 0.7] as const;
/** Where many could do it and few ask: what is given away for the sake of others shows most. */
export const LOW_LOADS = [0.05, 0.1, 0.2] as const;
const LARGE = 30;

export const SCENES: readonly SceneKind[] = SIZES.flatMap((hosts) =>
  (["poisson", "bursts"] as const).flatMap((arrivals) =>
    [...(hosts >= LARGE && arrivals === "poisson" ? LOW_LOADS : []), ...LOADS].map((load) => ({
      hosts,
      arrivals,
      load,
      name: `${hosts} peers, ${arrivals}, load ${load}`,
    })),
  ),
);

/** Peer-seconds of work in one scene. */
const EXTENT_MS = 300_000;
const LONGEST_MS = 40_000;

/** The mean over several houses of that kind. */
export interface Played {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly jobs: number;
  /** How often a job was sent, on average. */
  readonly sends: number;
}

export function playAll({ hosts, arrivals, load }: SceneKind, make: Make, houses: number): Played {
  const outcomes: Outcome[] = [];
  const durationMs = Math.min(LONGEST_MS, EXTENT_MS / hosts);
  for (let seed = 1; seed <= houses; seed += 1) outcomes.push(play({ seed, hosts, arrivals, load, durationMs }, make));
  const mean = (of: (outcome: Outcome) => number): number => outcomes.reduce((sum, each) => sum + of(each), 0) / houses;
  return {
    meanMs: mean(({ meanMs }) => meanMs),
    p99Ms: mean(({ p99Ms }) => p99Ms),
    jobs: houses * mean(({ jobs }) => jobs),
    sends: mean(({ endings, jobs }) => endings.reduce((sum, { tries }) => sum + tries, 0) / jobs),
  };
}
