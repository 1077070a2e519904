/** What links cost and how fast they come and go. */
import { askMs, asksPerMs } from "../../../../tools/bench/between/asks.ts";
import { ROUNDS, roundTripRows, SMALL_BYTES, streamRows } from "../../../../tools/bench/between/round-trips.ts";
import { informs, most, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Pair, startNear } from "./pair.ts";

const HOW = "over libp2p";
const STREAMS = [
  ["sound of 20 ms", 1_920, 20_000],
  ["64 KiB", 64 * 1024, 4_000],
] as const;
const ROUND_TRIPS = 2_000;
const IDLE_MS = 10_000;

export async function wireRows(): Promise<readonly BenchRow[]> {
  const pair = await Pair.start();
  try {
    return [
      ...(await roundTripRows(pair, HOW, ROUND_TRIPS)),
      informs(
        `ask ${HOW}, 100 B, 64 under way`,
        await most(ROUNDS, () => asksPerMs(pair, 20_000, SMALL_BYTES, 64)),
        "k/s",
      ),
      ...(await streamRows(pair, HOW, STREAMS)),
    ];
  } finally {
    await pair.close();
  }
}

/** From nothing to a link with a peer that runs; and from a kill to the certainty that its process has ended. */
export async function lifeRows(): Promise<readonly BenchRow[]> {
  const home = await startNear();
  const started: number[] = [];
  for (let i = 0; i < 15; i += 1) {
    const startedMs = performance.now();
    const peer = await startNear();
    peer.links.add(home.host.peerId, home.host.addresses());
    await peer.links.whenUp(home.host.peerId, AbortSignal.timeout(30_000));
    started.push(performance.now() - startedMs);
    home.links.remove(peer.host.peerId);
    await peer.links.close();
    await peer.host.close();
  }
  await home.links.close();
  await home.host.close();
  const killed: number[] = [];
  for (let i = 0; i < 5; i += 1) killed.push(await killedMs());
  return [
    informs("a peer starts and is linked with one that runs, p50 of 15", quantile(started, 0.5), "ms"),
    informs("the same, slowest", Math.max(...started), "ms"),
    {
      ...informs("a killed peer's link is told as refused, slowest of 5", Math.max(...killed), "ms"),
      goal: "< 200",
      met: Math.max(...killed) < 200,
    },
  ];
}

async function killedMs(): Promise<number> {
  const pair = await Pair.start();
  const refused = Promise.withResolvers<number>();
  pair.links.onEvent(({ type }) => type === "refused" && refused.resolve(performance.now()));
  const startedMs = performance.now();
  pair.process.kill("SIGKILL");
  const tookMs = (await refused.promise) - startedMs;
  await pair.close();
  return tookMs;
}

/** A peer with a link that does nothing; without actors, and with them, whose heartbeats are every 50 ms. */
export async function idleRows(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const hasActors of [false, true]) {
    const pair = await Pair.start({ hasActors });
    if (hasActors) await askMs(pair, 1, SMALL_BYTES);
    const before = await pair.report();
    const startedMs = performance.now();
    await new Promise((resolve) => {
      setTimeout(resolve, IDLE_MS);
    });
    const after = await pair.report();
    const share = (100 * (after.cpuMs - before.cpuMs)) / (performance.now() - startedMs);
    const name = hasActors ? "one link and actors" : "one link";
    rows.push(informs(`CPU of an idle peer with ${name}`, share, "% of a core"));
    rows.push(informs(`memory of an idle peer with ${name}`, after.rssBytes / 1e6, "MB"));
    await pair.close();
  }
  return rows;
}
