/** What a run is asked to do and what it says in the end, whatever is hurt. */

export interface Output {
  /** A result. */
  readonly print: (line: string) => void;
  /** How it goes. */
  readonly tell: (line: string) => void;
}

export interface ChaosReport {
  readonly chaos: "raft" | "cluster";
  readonly seed: number;
  readonly seconds: number;
  readonly operations: { readonly ok: number; readonly unknown: number; readonly fail: number };
  /** How often each kind was done. */
  readonly faults: Readonly<Record<string, number>>;
  /** Faults that did not come about, or were not undone at once, because of others. */
  readonly failedFaults: Readonly<Record<string, number>>;
  readonly leaderChanges: number;
  /** Longest time without any successful operation, while faults went on. */
  readonly longestUnavailableMs: number;
  readonly violations: readonly string[];
}

export function summarize(report: ChaosReport, print: Output["print"]): void {
  const { chaos, seed, seconds, operations, faults, failedFaults, leaderChanges, longestUnavailableMs, violations } =
    report;
  const { ok, unknown, fail } = operations;
  print(`${chaos}: ${seconds} s of seed ${seed}: ${ok} operations succeeded, ${unknown} are unknown, ${fail} failed`);
  for (const [kind, count] of Object.entries(faults)) print(`  ${String(count).padStart(4)}  ${kind}`);
  for (const [kind, count] of Object.entries(failedFaults))
    print(`  ${String(count).padStart(4)}  ${kind}: did not succeed`);
  print(`${leaderChanges} leader changes; longest time without a successful operation ${longestUnavailableMs} ms`);
  for (const violation of violations) print(`VIOLATION: ${violation}`);
  print(`${violations.length} violations`);
}

/** 0: no violation, 1: some, 130: interrupted. */
export function exitCodeOf(report: ChaosReport, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return report.violations.length === 0 ? 0 : 1;
}
