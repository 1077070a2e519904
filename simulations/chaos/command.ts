/** `npm run chaos -- raft`: the arguments, and what is printed. */
import { closeSync, openSync } from "node:fs";
import { parseArgs } from "node:util";
import { runChaos, type ChaosReport } from "./run.ts";

export const CHAOS_USAGE = `usage: npm run chaos -- raft [--seconds 60] [--nodes 3] [--seed N] [--clients 8]
                              [--history FILE] [--from sources|dist] [--json]`;

export interface Output {
  /** A result. */
  readonly print: (line: string) => void;
  /** How it goes. */
  readonly tell: (line: string) => void;
}

/** Runs the command; the exit code: 0 no violation, 1 otherwise, 130 interrupted. @throws TypeError when misused. */
export async function chaosCommand(
  args: readonly string[],
  { print, tell }: Output,
  signal: AbortSignal,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      nodes: { type: "string", default: "3" },
      seed: { type: "string", default: "1" },
      clients: { type: "string", default: "8" },
      history: { type: "string" },
      from: { type: "string", default: "sources" },
      json: { type: "boolean", default: false },
    },
  });
  const { from } = values;
  if (from !== "sources" && from !== "dist") throw new TypeError("--from takes sources or dist");
  const numbers = {
    seconds: positive(values.seconds, "seconds"),
    nodes: positive(values.nodes, "nodes"),
    seed: positive(values.seed, "seed"),
    clients: positive(values.clients, "clients"),
  };
  if (values.history !== undefined) ensureWritable(values.history);
  const report = await runChaos({
    ...numbers,
    from,
    historyPath: values.history,
    signal,
    onProgress: tell,
  });
  if (values.json) print(JSON.stringify(report));
  else summarize(report, print);
  if (signal.aborted) return 130;
  return report.violations.length === 0 ? 0 : 1;
}

/** Makes the file now, so that nobody learns at the end of a long run that there is no history of it. */
function ensureWritable(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`--history ${path} cannot be written: ${reason}`, { cause: error });
  }
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} takes a whole number from 1`);
  return value;
}

function summarize(report: ChaosReport, print: Output["print"]): void {
  const { seed, seconds, operations, faults, failedFaults, leaderChanges, longestUnavailableMs, violations } = report;
  const { ok, unknown, fail } = operations;
  print(`raft: ${seconds} s of seed ${seed}: ${ok} operations succeeded, ${unknown} are unknown, ${fail} failed`);
  for (const [kind, count] of Object.entries(faults)) print(`  ${String(count).padStart(4)}  ${kind}`);
  for (const [kind, count] of Object.entries(failedFaults))
    print(`  ${String(count).padStart(4)}  ${kind}: did not succeed`);
  print(`${leaderChanges} leader changes; longest time without a successful operation ${longestUnavailableMs} ms`);
  for (const violation of violations) print(`VIOLATION: ${violation}`);
  print(`${violations.length} violations`);
}
