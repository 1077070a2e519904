/**
 * What a peer is to its clients: how soon it answers when hundreds are there, how many messages it passes on, what an idle one costs,
 * what becomes of it when all come at once, and where its limits are. About 3 minutes.
 *
 *     npm run bench -- gateway [crowd | throughput | storm | memory | limits …]
 */
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { crowdRows, limitRows, memoryRows, stormRows, throughputRows } from "./gateway/rows.ts";

export default function bench(args: readonly string[]): Promise<BenchReport> {
  const parts = {
    crowd: crowdRows,
    throughput: throughputRows,
    storm: stormRows,
    memory: memoryRows,
    limits: limitRows,
  };
  return runParts("gateway", parts, args);
}
