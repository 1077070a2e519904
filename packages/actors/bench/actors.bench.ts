/**
 * Actors beside what else there is: on one host nact, XState and a bare ring.
 *
 *     npm run bench -- actors
 */
import type { BenchReport } from "../../../tools/bench/types.ts";
import { localRows } from "./local/rows.ts";

export default async function bench(): Promise<BenchReport> {
  return { bench: "actors", rows: await localRows() };
}
