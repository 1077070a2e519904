/** From a pulled cable to the moment at which the others know; each peer in a network of its own. */
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, Lan, untilUnited, type LivePeer } from "../../src/testing/index.ts";
import { firstWrite } from "./acting.ts";

const ROUNDS = 5;
const SECRET = "what the peers of a bench share";
/** Seconds on a machine that does nothing else. */
const UNITED_MS = 180_000;
/** DECISIONS 2: a silent host is noticed in less. */
const GOAL_MS = 1_000;
const LOOK_MS = 5;
const NOTICED_MS = 60_000;

export async function* cableRows(): AsyncGenerator<BenchRow> {
  const obstacle = Lan.obstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`  no cable is pulled, because ${obstacle}\n`);
    return;
  }
  const lan = await Lan.make();
  await using house = await Household.open({ joinSecret: SECRET, lan });
  const peers = await house.addAll(3);
  await Promise.all(peers.map((peer) => peer.start()));
  const detected: number[] = [];
  const replaced: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { prime } = await untilUnited(peers, { voters: 3, timeoutMs: UNITED_MS });
    const [other, ...rest] = peers.filter((peer) => peer !== prime);
    if (other === undefined) throw new Error("three peers were started");
    const startedMs = performance.now();
    await lan.unplug(house.placeOf(prime));
    const passedMs = (): number => performance.now() - startedMs;
    const [noticedMs, actingMs] = await Promise.all([
      offline(other, prime.peerId).then(passedMs),
      firstWrite([other, ...rest], `cable/${round}`).then(passedMs),
    ]);
    detected.push(noticedMs);
    replaced.push(actingMs);
    await lan.replug(house.placeOf(prime));
  }
  const noticing = "cable of the prime pulled until another peer tells it as offline";
  yield below(GOAL_MS, informs(`${noticing}, p50 of ${ROUNDS}`, quantile(detected, 0.5), "ms"));
  yield below(GOAL_MS, informs(`${noticing}, slowest of ${ROUNDS}`, Math.max(...detected), "ms"));
  const replacing = "cable of the prime pulled until a new prime acts";
  yield below(GOAL_MS, informs(`${replacing}, p50 of ${ROUNDS}`, quantile(replaced, 0.5), "ms"));
  yield below(GOAL_MS, informs(`${replacing}, slowest of ${ROUNDS}`, Math.max(...replaced), "ms"));
}

/** Fulfilled when `peer` says that the other one is not there. @throws Error when it never does */
async function offline(peer: LivePeer, other: string): Promise<void> {
  const deadlineMs = performance.now() + NOTICED_MS;
  while ((await peer.peers()).find(({ peerId }) => peerId === other)?.isOnline === true) {
    if (performance.now() > deadlineMs) throw new Error(`${peer.name} has not noticed for ${NOTICED_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
