/**
 * What it costs a client when the peer that works for it is killed (-9) or stopped (SIGSTOP) over it: three peers as processes, of which
 * the one that the client is connected to has no engine, and engines of fixed delay. What is counted is said in `moving/rows.ts`. About 7 minutes.
 *
 *     npm run bench -- moving [--rounds 5]
 */
import { parseArgs } from "node:util";
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { UsageError } from "../../../tools/bench/usage-error.ts";
import { movingRows } from "./moving/rows.ts";

/** @throws UsageError when `--rounds` is no number above 0 */
export default function bench(args: readonly string[]): Promise<BenchReport> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError("--rounds takes a number above 0");
  return runParts("moving", { moving: () => movingRows(rounds) }, []);
}
