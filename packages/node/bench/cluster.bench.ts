/**
 * Only those parts of `mesh` that run whole peers as processes.
 *
 *     npm run bench -- cluster [joining | failover | cable | idle …]
 */
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { WHOLE_PEERS } from "./cluster/parts.ts";

export default function bench(args: readonly string[]): Promise<BenchReport> {
  return runParts("cluster", WHOLE_PEERS, args);
}
