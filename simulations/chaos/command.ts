/** `npm run chaos -- raft`: the arguments, and what is printed. */
import { parseArgs } from "node:util";
import { argumentsFrom, optionsWith, usageOf } from "./options.ts";
import { exitCodeOf, summarize, type Output } from "./report.ts";
import { runChaos } from "./run.ts";

const CLIENTS = 8;

export const CHAOS_USAGE = usageOf("raft", CLIENTS, " [--from sources|dist]");

/** Runs the command; the exit code: 0 no violation, 1 otherwise, 130 interrupted. @throws TypeError when misused. */
export async function chaosCommand(
  args: readonly string[],
  { print, tell }: Output,
  signal: AbortSignal,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { ...optionsWith(CLIENTS), from: { type: "string", default: "sources" } },
  });
  const { from } = values;
  if (from !== "sources" && from !== "dist") throw new TypeError("--from takes sources or dist");
  const report = await runChaos({ ...argumentsFrom(values), from, signal, onProgress: tell });
  if (values.json) print(JSON.stringify(report));
  else summarize(report, print);
  return exitCodeOf(report, signal);
}
