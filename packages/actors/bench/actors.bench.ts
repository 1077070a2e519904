/**
 * Actors beside what else there is: on one host nact, XState and a bare ring; between two processes a bare socket.
 *
 *     npm run bench -- actors
 */
import type { BenchReport } from "../../../tools/bench/types.ts";
import { betweenRows } from "./between/rows.ts";
import { localRows } from "./local/rows.ts";

export default async function bench(): Promise<BenchReport> {
  return { bench: "actors", rows: [...(await localRows()), ...(await betweenRows())] };
}
