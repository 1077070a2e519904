/** `npm run chaos -- cluster`: the arguments, and what is printed. */
import { parseArgs } from "node:util";
import { argumentsFrom, optionsWith, usageOf } from "../options.ts";
import { exitCodeOf, summarize, type Output } from "../report.ts";
import { runClusterChaos } from "./run.ts";

const CLIENTS = 4;

export const CLUSTER_CHAOS_USAGE = usageOf("cluster", CLIENTS);

/** Runs the command; the exit code: 0 no violation, 1 otherwise, 130 interrupted. @throws TypeError when misused. */
export async function clusterChaosCommand(
  args: readonly string[],
  { print, tell }: Output,
  signal: AbortSignal,
): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: optionsWith(CLIENTS) });
  const report = await runClusterChaos({ ...argumentsFrom(values), signal, onProgress: tell });
  if (values.json) print(JSON.stringify(report));
  else summarize(report, print);
  return exitCodeOf(report, signal);
}
