/** What benches make their rows with. */
import type { BenchRow } from "./types.ts";

/** Beside the same by something bare, in the same run. */
export function beside(metric: string, value: number, baseline: number, unit: string): BenchRow {
  return { metric, value, unit, baseline, ratio: value / baseline, goal: null, met: null };
}

export function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}

/** With what is promised: less than that. */
export function below(goal: number, row: BenchRow): BenchRow {
  return { ...row, goal: `< ${goal}`, met: row.value < goal };
}

/** The least disturbed of some rounds after one that warms up: the most of something per time. */
export async function most(rounds: number, run: () => Promise<number>): Promise<number> {
  await run();
  let best = 0;
  for (let round = 0; round < rounds; round += 1) best = Math.max(best, await run());
  return best;
}

/** @param share 0.5 for the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
