/**
 * Actors beside what else there is: on one host nact, XState and a bare ring; between two processes a bare socket.
 *
 *     npm run bench -- actors
 */
import { parseArgs } from "node:util";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { betweenRows } from "./between/rows.ts";
import { localRows } from "./local/rows.ts";

export default async function bench(args: readonly string[]): Promise<BenchReport> {
  parseArgs({ args: [...args], options: {} });
  return { bench: "actors", rows: [...(await localRows()), ...(await betweenRows())] };
}
