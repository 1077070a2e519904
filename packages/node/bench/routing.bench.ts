/**
 * `npm run bench -- routing`: how near the router's placement is to knowing everything, what a decision costs, and what becomes of
 * a house that is asked for three times as much as it can do. Simulated time but for the cost, so that other work on the machine
 * changes nothing.
 *
 *     npm run bench -- routing [--only cost,placement,herd,overload] [--quick] [--page]
 *
 * `--page` keeps what was measured in docs/ROUTING.md.
 */
import { parseArgs } from "node:util";
import { runParts, type Parts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { costRows } from "./routing/cost.ts";
import { herdRows } from "./routing/herd.ts";
import { overloadRows } from "./routing/overload.ts";
import { writeFigures } from "./routing/page.ts";
import { placementRows } from "./routing/placement.ts";

/** @throws UsageError when there is no such part */
export default async function bench(args: readonly string[]): Promise<BenchReport> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      page: { type: "boolean", default: false },
    },
  });
  const { quick } = values;
  const parts: Parts = {
    cost: () => costRows(quick),
    placement: () => placementRows(quick),
    herd: () => herdRows(quick),
    overload: () => overloadRows(quick),
  };
  const rows: BenchReport["rows"][number][] = [];
  const failures: string[] = [];
  for (const name of values.only?.split(",") ?? Object.keys(parts)) {
    const report = await runParts("routing", parts, [name]);
    rows.push(...report.rows);
    failures.push(...(report.failures ?? []));
    if (values.page) await writeFigures(name, report.rows, quick);
  }
  return { bench: "routing", rows, failures };
}
