/**
 * What a peer is to its clients: how soon it answers when hundreds are there, how many messages it passes on, what an idle one costs,
 * what becomes of it when all come at once, what it costs when another peer does the work, and where its limits are. About 5 minutes.
 *
 *     npm run bench -- gateway [crowd | throughput | storm | memory | hop | limits …]
 */
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { hopRows } from "./gateway/hop.ts";
import { crowdRows, limitRows, memoryRows, stormRows, throughputRows } from "./gateway/rows.ts";

export default function bench(args: readonly string[]): Promise<BenchReport> {
  const parts = {
    crowd: crowdRows,
    throughput: throughputRows,
    storm: stormRows,
    memory: memoryRows,
    hop: hopRows,
    limits: limitRows,
  };
  return runParts("gateway", parts, args);
}
