/** From kill -9 of the prime to a write that another prime has accepted, idle and while clients write. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, untilUnited, type LivePeer } from "../../src/testing/index.ts";
import { below, informs, quantile } from "./rows.ts";

const ROUNDS = 15;
const WRITERS = 4;
const SECRET = "what the peers of a bench share";
/** Aim: well under a second. */
const GOAL_MS = 1_000;

export async function failoverRows(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const isLoaded of [false, true]) {
    const times = await failovers(isLoaded);
    const when = isLoaded ? "while clients write" : "idle";
    rows.push(
      below(GOAL_MS, informs(`kill -9 of the prime to a new prime acting, ${when}, p50`, quantile(times, 0.5), "ms")),
      informs(`the same, slowest of ${ROUNDS}`, Math.max(...times), "ms"),
    );
  }
  return rows;
}

async function failovers(isLoaded: boolean): Promise<readonly number[]> {
  await using house = await Household.open({ joinSecret: SECRET });
  const peers = await house.addAll(3);
  await Promise.all(peers.map((peer) => peer.start()));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { prime } = await untilUnited(peers, { voters: 3 });
    const others = peers.filter((peer) => peer !== prime);
    const writing = new AbortController();
    const writers = isLoaded ? Array.from({ length: WRITERS }, (_, i) => write(others, i, writing.signal)) : [];
    if (isLoaded) await new Promise((resolve) => setTimeout(resolve, 500));
    const startedMs = performance.now();
    const dying = prime.kill();
    await firstWrite(others, round);
    times.push(performance.now() - startedMs);
    writing.abort();
    await Promise.all([dying, ...writers]);
    await prime.start();
  }
  return times;
}

/** Fulfilled with the first write that either of them accepts. */
async function firstWrite(peers: readonly LivePeer[], round: number): Promise<void> {
  await Promise.any(
    peers.map(async (peer) => {
      for (;;) {
        const { outcome } = await peer.put(`failover/${peer.name}/${round}`, "acts", { timeoutMs: 30_000 });
        if (outcome === "done") return;
      }
    }),
  );
}

async function write(peers: readonly LivePeer[], writer: number, signal: AbortSignal): Promise<void> {
  const value = "x".repeat(200);
  for (let count = 0; !signal.aborted; count += 1) {
    await peers[count % peers.length]?.put(`load/${writer}/${count % 100}`, value, { timeoutMs: 10_000 });
  }
}
