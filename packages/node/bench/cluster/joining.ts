/** From nothing to a cluster, and from the start of one peer more to its belonging. */
import { informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, untilUnited } from "../../src/testing/index.ts";

const ROUNDS = 5;
const SECRET = "what the peers of a bench share";
/** Seconds on a machine that does nothing else. */
const UNITED_MS = 180_000;

export async function* joiningRows(): AsyncGenerator<BenchRow> {
  const formed: number[] = [];
  const joined: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using house = await Household.open({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    const startedMs = performance.now();
    await Promise.all(peers.map((peer) => peer.start()));
    await untilUnited(peers, { timeoutMs: UNITED_MS });
    formed.push(performance.now() - startedMs);
    const late = await house.add();
    const lateMs = performance.now();
    await late.start();
    await untilUnited([...peers, late], { timeoutMs: UNITED_MS });
    joined.push(performance.now() - lateMs);
  }
  const forming = "three peers start at once until they are one cluster";
  yield informs(`${forming}, p50 of ${ROUNDS}`, quantile(formed, 0.5), "ms");
  yield informs(`${forming}, slowest of ${ROUNDS}`, Math.max(...formed), "ms");
  const joining = "one more starts until it is joined and linked with all";
  yield informs(`${joining}, p50 of ${ROUNDS}`, quantile(joined, 0.5), "ms");
  yield informs(`${joining}, slowest of ${ROUNDS}`, Math.max(...joined), "ms");
}
