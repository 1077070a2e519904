/** A house that is asked for more than it can do: how much of what is done is still of use to somebody. */
import { OTHERS, play, shipped, type Make, type Outcome } from "../../../../simulations/routing/compare.ts";
import { SHIPPED } from "../../../../simulations/routing/library.ts";
import { beside, below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";

export const OVERLOADS = [0.5, 0.8, 1, 1.25, 1.5, 2, 2.5, 3] as const;
const PATIENCE_MS = 4_000;
const DURATION_MS = 40_000;
/** Who has waited for so long has gone away. */
const USEFUL_MS = 10_000;
/** What is left of the most that was ever done, with three times as much work. */
const KEPT = 0.9;

export async function* overloadRows(isQuick: boolean): AsyncGenerator<BenchRow> {
  const houses = isQuick ? 1 : 3;
  const least = OTHERS["least-loaded"];
  if (least === undefined) throw new Error("there is one that goes by load");
  const makes: Readonly<Record<string, Make>> = {
    parley: shipped(SHIPPED, {}),
    "parley that takes everything": shipped(),
    "least-loaded": least,
  };
  const most = new Map<string, number>();
  for (const load of OVERLOADS) {
    for (const [name, make] of Object.entries(makes)) {
      const { useful, refusedMs, tookMs, refused } = goodputOf(load, make, houses);
      most.set(name, Math.max(most.get(name) ?? 0, useful));
      const row = informs(`load ${load}: ${name}, useful work`, useful * 100, "%");
      const isLast = load === OVERLOADS.at(-1) && name === "parley";
      const peak = (most.get(name) ?? 0) * KEPT;
      yield isLast ? { ...row, goal: `>= ${(peak * 100).toFixed(0)}`, met: useful >= peak } : row;
      yield informs(`load ${load}: ${name}, p99 of what was done`, tookMs, "ms");
      if (name !== "parley") continue;
      yield informs(`load ${load}: ${name}, refused`, refused * 100, "%");
      if (refused > 0)
        yield below(1_000, beside(`load ${load}: ${name}, p99 until it is refused`, refusedMs, tookMs, "ms"));
    }
  }
}

interface Goodput {
  /** Jobs that were done while somebody waited, and before the last had come, of those that the house could do at most in that time. */
  readonly useful: number;
  readonly refused: number;
  /** 99 of 100 took less. */
  readonly refusedMs: number;
  readonly tookMs: number;
}

function goodputOf(load: number, make: Make, houses: number): Goodput {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= houses; seed += 1) {
    outcomes.push(
      play({ seed, hosts: 10, arrivals: "poisson", load, durationMs: DURATION_MS, patienceMs: PATIENCE_MS }, make),
    );
  }
  const endings = outcomes.flatMap((outcome) => outcome.endings);
  const well = endings.filter(({ outcome }) => outcome === "done");
  // What is worked off after the last has come would count as more than the house can do.
  const lastMs = endings.reduce((last, { job }) => Math.max(last, job.atMs), 0);
  const useful = well.filter(({ job, tookMs }) => tookMs <= USEFUL_MS && job.atMs + tookMs <= lastMs);
  const done = well.map(({ tookMs }) => tookMs);
  const refused = endings.filter(({ outcome }) => outcome !== "done").map(({ tookMs }) => tookMs);
  return {
    useful: useful.length / (endings.length / load),
    refused: refused.length / endings.length,
    refusedMs: quantile(refused, 0.99),
    tookMs: quantile(done, 0.99),
  };
}
