/** From a pulled cable to the moment at which the others know; each peer in a network of its own. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, Lan, untilUnited } from "../../src/testing/index.ts";
import { below, informs, quantile } from "./rows.ts";

const ROUNDS = 5;
const SECRET = "what the peers of a bench share";
/** DECISIONS 2: a silent host is noticed in less. */
const GOAL_MS = 1_000;
const LOOK_MS = 5;

export async function cableRows(): Promise<readonly BenchRow[]> {
  const obstacle = Lan.obstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`no cable is pulled, because ${obstacle}\n`);
    return [];
  }
  await using house = await Household.open({ joinSecret: SECRET, lan: await Lan.make() });
  const { lan } = house;
  const peers = await house.addAll(3);
  await Promise.all(peers.map((peer) => peer.start()));
  const detected: number[] = [];
  const replaced: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { prime } = await untilUnited(peers, { voters: 3 });
    const other = peers.find((peer) => peer !== prime);
    if (other === undefined || lan === undefined) break;
    const startedMs = performance.now();
    await lan.unplug(house.placeOf(prime));
    const acting = other
      .put(`cable/${round}`, "acts", { timeoutMs: 30_000 })
      .then(() => replaced.push(performance.now() - startedMs));
    while ((await other.peers()).find(({ peerId }) => peerId === prime.peerId)?.isOnline === true) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    detected.push(performance.now() - startedMs);
    await acting;
    await lan.replug(house.placeOf(prime));
  }
  return [
    below(
      GOAL_MS,
      informs("cable of the prime pulled to the link told as down, p50 of 5", quantile(detected, 0.5), "ms"),
    ),
    informs("the same, slowest", Math.max(...detected), "ms"),
    below(GOAL_MS, informs("cable of the prime pulled to a new prime acting, p50 of 5", quantile(replaced, 0.5), "ms")),
    informs("the same, slowest", Math.max(...replaced), "ms"),
  ];
}
