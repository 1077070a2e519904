/**
 * What it costs that a conversation survives its host: three peers as processes with engines of fixed delay, twice, once with journals
 * and once without, asked in turn. About 4 minutes.
 *
 *     npm run bench -- session [--turns 60] [--only cost,crowd]
 */
import { parseArgs } from "node:util";
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { UsageError } from "../../../tools/bench/usage-error.ts";
import { costRows } from "./session/cost.ts";
import { crowdRows } from "./session/crowd.ts";

/** @throws UsageError when `--turns` is no number above 0, or there is no such part */
export default function bench(args: readonly string[]): Promise<BenchReport> {
  const { values } = parseArgs({
    args: [...args],
    options: { turns: { type: "string", default: "60" }, only: { type: "string", default: "" } },
  });
  const only = values.only === "" ? [] : values.only.split(",");
  const turns = Number(values.turns);
  if (!Number.isInteger(turns) || turns < 1) throw new UsageError("--turns takes a number above 0");
  return runParts("session", { cost: () => costRows(turns), crowd: () => crowdRows() }, only);
}
