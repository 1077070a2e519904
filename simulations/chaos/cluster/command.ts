/** `npm run chaos -- cluster`: the arguments, and what is printed. */
import { parseArgs } from "node:util";
import { ensureWritable, exitCodeOf, positive, summarize, type Output } from "../report.ts";
import { runClusterChaos } from "./run.ts";

export const CLUSTER_CHAOS_USAGE = `usage: npm run chaos -- cluster [--seconds 60] [--nodes 3] [--seed N] [--clients 4] [--history FILE] [--json]`;

/** Runs the command; the exit code: 0 no violation, 1 otherwise, 130 interrupted. @throws TypeError when misused. */
export async function clusterChaosCommand(
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
      clients: { type: "string", default: "4" },
      history: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const numbers = {
    seconds: positive(values.seconds, "seconds"),
    nodes: positive(values.nodes, "nodes"),
    seed: positive(values.seed, "seed"),
    clients: positive(values.clients, "clients"),
  };
  if (values.history !== undefined) ensureWritable(values.history);
  const report = await runClusterChaos({ ...numbers, historyPath: values.history, signal, onProgress: tell });
  if (values.json) print(JSON.stringify(report));
  else summarize(report, print);
  return exitCodeOf(report, signal);
}
