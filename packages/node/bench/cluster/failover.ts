/** From kill -9 of the prime to a write that another prime has accepted, idle and while clients write. */
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, PeerFailure, untilUnited, type LivePeer } from "../../src/testing/index.ts";
import { firstWrite } from "./acting.ts";

const ROUNDS = 15;
const WRITERS = 4;
const SECRET = "what the peers of a bench share";
/** Seconds on a machine that does nothing else. */
const UNITED_MS = 180_000;
/** Aim: well under a second. */
const GOAL_MS = 1_000;

export async function* failoverRows(): AsyncGenerator<BenchRow> {
  for (const isLoaded of [false, true]) {
    const times = await failovers(isLoaded);
    const what = `kill -9 of the prime to a new prime acting, ${isLoaded ? `while ${WRITERS} clients write` : "idle"}`;
    yield below(GOAL_MS, informs(`${what}, p50 of ${ROUNDS}`, quantile(times, 0.5), "ms"));
    yield below(GOAL_MS, informs(`${what}, slowest of ${ROUNDS}`, Math.max(...times), "ms"));
  }
}

async function failovers(isLoaded: boolean): Promise<readonly number[]> {
  await using house = await Household.open({ joinSecret: SECRET });
  const peers = await house.addAll(3);
  await Promise.all(peers.map((peer) => peer.start()));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { prime } = await untilUnited(peers, { voters: 3, timeoutMs: UNITED_MS });
    const others = peers.filter((peer) => peer !== prime);
    const ended = new AbortController();
    const writers = isLoaded ? Array.from({ length: WRITERS }, (_, i) => write(others, i, ended.signal)) : [];
    const writing = Promise.allSettled(writers);
    try {
      if (isLoaded) await new Promise((resolve) => setTimeout(resolve, 500));
      const startedMs = performance.now();
      const [tookMs] = await Promise.all([
        firstWrite(others, `failover/${round}`).then(() => performance.now() - startedMs),
        prime.kill(),
      ]);
      times.push(tookMs);
    } finally {
      ended.abort();
    }
    for (const each of await writing) if (each.status === "rejected") throw each.reason;
    await prime.start();
  }
  return times;
}

async function write(peers: readonly LivePeer[], writer: number, ended: AbortSignal): Promise<void> {
  const value = "x".repeat(200);
  for (let count = 0; !ended.aborted; count += 1) {
    try {
      await peers[count % peers.length]?.put(`load/${writer}/${count % 100}`, value, { timeoutMs: 10_000 });
    } catch (error) {
      // No prime for a while: a client tries again.
      if (!(error instanceof PeerFailure)) throw error;
    }
  }
}
