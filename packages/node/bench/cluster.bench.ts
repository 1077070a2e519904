/**
 * Whole peers as processes: how fast they come together, how fast another takes the place of a dead prime, how soon a pulled
 * cable is noticed, and what a peer costs that does nothing.
 *
 *     npm run bench -- cluster [joining | failover | cable | idle]
 */
import type { BenchReport } from "../../../tools/bench/types.ts";
import { cableRows } from "./cluster/cable.ts";
import { failoverRows } from "./cluster/failover.ts";
import { idleRows } from "./cluster/idle.ts";
import { joiningRows } from "./cluster/joining.ts";

const PARTS = { joining: joiningRows, failover: failoverRows, cable: cableRows, idle: idleRows };

export default async function bench(args: readonly string[]): Promise<BenchReport> {
  const rows: BenchReport["rows"][number][] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (args.length === 0 || args.includes(name)) rows.push(...(await part()));
  }
  return { bench: "cluster", rows };
}
