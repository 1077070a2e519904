/** `npm run chaos -- raft`: the arguments, and what is printed. */
import { parseArgs } from "node:util";
import { ensureWritable, exitCodeOf, positive, summarize, type Output } from "./report.ts";
import { runChaos } from "./run.ts";

export const CHAOS_USAGE = `usage: npm run chaos -- raft [--seconds 60] [--nodes 3] [--seed N] [--clients 8]
                              [--history FILE] [--from sources|dist] [--json]`;

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
  return exitCodeOf(report, signal);
}
