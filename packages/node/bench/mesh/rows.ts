/** What links cost and how fast they come and go. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Pair, startNear } from "./pair.ts";
import { askMs, asksPerMs, bareEchoMs, bareMBps, streamMBps } from "./wires.ts";

const ROUNDS = 5;
const SMALL_BYTES = 100;
const ROUND_TRIPS = 2_000;
const IDLE_MS = 10_000;

export async function wireRows(): Promise<readonly BenchRow[]> {
  const pair = await Pair.start();
  try {
    return [...(await roundTripRows(pair)), ...(await streamRows(pair))];
  } finally {
    await pair.close();
  }
}

async function roundTripRows(pair: Pair): Promise<readonly BenchRow[]> {
  const ours: (readonly number[])[] = [];
  const bare: (readonly number[])[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const both = [
      await askMs(pair, ROUND_TRIPS, SMALL_BYTES),
      await bareEchoMs(pair, ROUND_TRIPS, SMALL_BYTES),
    ] as const;
    if (round < 0) continue;
    ours.push(both[0]);
    bare.push(both[1]);
  }
  const best = (rounds: readonly (readonly number[])[], share: number): number =>
    1000 * Math.min(...rounds.map((times) => quantile(times, share)));
  const asks = await most(() => asksPerMs(pair, 20_000, SMALL_BYTES, 64));
  return [
    ...[0.5, 0.99].map((share) =>
      beside(`ask over libp2p, 100 B, p${share * 100}, beside raw TCP`, best(ours, share), best(bare, share), "us"),
    ),
    informs("ask over libp2p, 100 B, 64 under way", asks, "k/s"),
  ];
}

async function streamRows(pair: Pair): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, bytes, count] of [
    ["sound of 20 ms", 1_920, 20_000],
    ["64 KiB", 64 * 1024, 4_000],
  ] as const) {
    const ours = await most(() => streamMBps(pair, count, bytes));
    const bare = await most(() => bareMBps(pair, count, bytes));
    rows.push(beside(`stream over libp2p, ${name}, window 64, beside raw TCP`, ours, bare, "MB/s"));
  }
  return rows;
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

/** The least disturbed of some rounds after one that warms up. */
async function most(run: () => Promise<number>): Promise<number> {
  await run();
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) best = Math.max(best, await run());
  return best;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function beside(metric: string, value: number, baseline: number, unit: string): BenchRow {
  return { metric, value, unit, baseline, ratio: value / baseline, goal: null, met: null };
}

function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
