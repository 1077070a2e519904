/** Rows of a bench from what was measured. */
import type { BenchRow } from "../../../../tools/bench/types.ts";

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}

/** With what is promised: less than that. */
export function below(goal: number, row: BenchRow): BenchRow {
  return { ...row, goal: `< ${goal}`, met: row.value < goal };
}
