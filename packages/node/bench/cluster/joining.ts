/** From nothing to a cluster, and from the start of one peer more to its belonging. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, untilUnited } from "../../src/testing/index.ts";
import { informs, quantile } from "./rows.ts";

const ROUNDS = 5;
const SECRET = "what the peers of a bench share";

export async function joiningRows(): Promise<readonly BenchRow[]> {
  const formed: number[] = [];
  const joined: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using house = await Household.open({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    const startedMs = performance.now();
    await Promise.all(peers.map((peer) => peer.start()));
    await untilUnited(peers);
    formed.push(performance.now() - startedMs);
    const late = await house.add();
    const lateMs = performance.now();
    await late.start();
    await untilUnited([...peers, late]);
    joined.push(performance.now() - lateMs);
  }
  return [
    informs("three peers start at once and are one cluster, p50 of 5", quantile(formed, 0.5), "ms"),
    informs("the same, slowest", Math.max(...formed), "ms"),
    informs("one more starts and is linked with all, p50 of 5", quantile(joined, 0.5), "ms"),
    informs("the same, slowest", Math.max(...joined), "ms"),
  ];
}
