/** What a peer of a cluster costs that does nothing: no engines, no clients. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, untilUnited } from "../../src/testing/index.ts";
import { below, informs } from "./rows.ts";

const SECRET = "what the peers of a bench share";
const SETTLE_MS = 5_000;
const IDLE_MS = 20_000;
/** Aims: without engines, from built files. */
const GOAL_MB = 120;
const GOAL_CPU_PERCENT = 1;

export async function idleRows(): Promise<readonly BenchRow[]> {
  await using house = await Household.open({ joinSecret: SECRET });
  const peers = await house.addAll(3);
  await Promise.all(peers.map((peer) => peer.start()));
  const { prime } = await untilUnited(peers, { voters: 3 });
  await rest(SETTLE_MS);
  const before = await Promise.all(peers.map((peer) => peer.tell("usage")));
  const startedMs = performance.now();
  await rest(IDLE_MS);
  const after = await Promise.all(peers.map((peer) => peer.tell("usage")));
  const passedMs = performance.now() - startedMs;
  const used = peers.map((peer, i) => ({
    peer,
    cpuPercent: (100 * ((after[i]?.cpuMs ?? 0) - (before[i]?.cpuMs ?? 0))) / passedMs,
    megabytes: (after[i]?.rssBytes ?? 0) / 1e6,
  }));
  return [false, true].flatMap((isPrime) => {
    const those = used.filter(({ peer }) => (peer === prime) === isPrime);
    const who = isPrime ? "prime of three" : "other of three";
    const most = (of: (each: (typeof used)[number]) => number): number => Math.max(...those.map(of));
    return [
      below(
        GOAL_CPU_PERCENT,
        informs(
          `CPU of an idle peer, ${who}`,
          most((each) => each.cpuPercent),
          "% of a core",
        ),
      ),
      below(
        GOAL_MB,
        informs(
          `memory of an idle peer, ${who}`,
          most((each) => each.megabytes),
          "MB",
        ),
      ),
    ];
  });
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
