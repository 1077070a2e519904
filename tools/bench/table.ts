/** A bench's rows for people. */
import type { BenchReport, BenchRow } from "./types.ts";

const HEADINGS = ["metric", "value", "baseline", "ratio", "goal", ""] as const;

/** An aligned table, and under it one line for each goal that was missed. */
export function formatReport({ bench, rows }: BenchReport): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const missed = rows.filter(({ met }) => met === false).map(missedLine);
  return [`bench ${bench}`, ...lines, ...missed].join("\n");
}

function cellsOf({ metric, value, unit, baseline, ratio, goal, met }: BenchRow): readonly string[] {
  return [
    metric,
    `${rounded(value)} ${unit}`,
    baseline === null ? "-" : `${rounded(baseline)} ${unit}`,
    ratio === null ? "-" : `${rounded(ratio)}x`,
    goal === null ? "-" : String(goal),
    met === null ? "" : met ? "met" : "MISSED",
  ];
}

/** One row by itself: what was measured, and what is promised. */
export function rowLine({ metric, value, unit, baseline, goal, met }: BenchRow): string {
  const beside = baseline === null ? "" : `, beside ${rounded(baseline)}`;
  const promise = goal === null ? "" : ` (goal ${goal}, ${met === true ? "met" : "missed"})`;
  return `${metric}: ${rounded(value)} ${unit}${beside}${promise}`;
}

function missedLine({ metric, value, unit, goal }: BenchRow): string {
  return `missed: ${metric} is ${rounded(value)} ${unit}, the goal is ${goal}`;
}

/** Three significant digits below a hundred, whole numbers above. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
