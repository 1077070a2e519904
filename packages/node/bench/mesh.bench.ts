/**
 * What the mesh promises: how fast peers come together, how fast another takes the place of a dead prime, how soon a pulled cable is
 * noticed, what a link carries beside raw TCP, what a peer costs that does nothing, and what gossip costs. About 8 minutes.
 *
 *     npm run bench -- mesh [wires | links | joining | failover | cable | idle | gossip …]
 */
import { runParts } from "../../../tools/bench/parts.ts";
import type { BenchReport } from "../../../tools/bench/types.ts";
import { WHOLE_PEERS } from "./cluster/parts.ts";
import { gossipRows } from "./mesh/gossip/rows.ts";
import { linkRows, wireRows } from "./mesh/rows.ts";

export default function bench(args: readonly string[]): Promise<BenchReport> {
  return runParts("mesh", { wires: wireRows, links: linkRows, ...WHOLE_PEERS, gossip: gossipRows }, args);
}
