/**
 * Links between two peers: what they carry beside raw TCP, how fast they come and go, what they cost at rest.
 *
 *     npm run bench -- mesh [wires | life | idle | gossip]
 */
import type { BenchReport } from "../../../tools/bench/types.ts";
import { gossipRows } from "./mesh/gossip.ts";
import { idleRows, lifeRows, wireRows } from "./mesh/rows.ts";

const PARTS = { wires: wireRows, life: lifeRows, idle: idleRows, gossip: gossipRows };

export default async function bench(args: readonly string[]): Promise<BenchReport> {
  const rows: BenchReport["rows"][number][] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (args.length === 0 || args.includes(name)) rows.push(...(await part()));
  }
  return { bench: "mesh", rows };
}
