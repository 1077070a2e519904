/** What links cost and how fast they come and go. */
import { askMs, asksPerMs } from "../../../../tools/bench/between/asks.ts";
import { ROUNDS, roundTripRows, SMALL_BYTES, streamRows } from "../../../../tools/bench/between/round-trips.ts";
import { below, informs, most, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { CALM_AFTER_MS } from "../../src/cluster/host/timing.ts";
import { Pair, startNear } from "./pair.ts";

const HOW = "over libp2p";
const STREAMS = [
  ["sound of 20 ms", 1_920, 20_000],
  ["64 KiB", 64 * 1024, 4_000],
] as const;
const ROUND_TRIPS = 2_000;
const IDLE_MS = 10_000;
const SETTLE_MS = 2_000;
const STARTS = 15;
const LINKED_MS = 30_000;
const KILLS = 5;
const REFUSED_MS = 200;

export async function* wireRows(): AsyncGenerator<BenchRow> {
  const pair = await Pair.start();
  try {
    yield* await roundTripRows(pair, HOW, ROUND_TRIPS);
    const rate = await most(ROUNDS, () => asksPerMs(pair, 20_000, SMALL_BYTES, 64));
    yield informs(`ask ${HOW}, 100 B, 64 under way`, rate, "k/s");
    yield* await streamRows(pair, HOW, STREAMS);
  } finally {
    await pair.close();
  }
}

/** How links come and go, and what one costs that carries nothing. */
export async function* linkRows(): AsyncGenerator<BenchRow> {
  yield* startedRows();
  yield* killedRows();
  yield* restingRows();
}

/** From nothing to a link with a peer that runs. */
async function* startedRows(): AsyncGenerator<BenchRow> {
  const home = await startNear();
  const times: number[] = [];
  for (let i = 0; i < STARTS; i += 1) {
    const startedMs = performance.now();
    const peer = await startNear();
    peer.links.add(home.host.peerId, home.host.addresses());
    await peer.links.whenUp(home.host.peerId, AbortSignal.timeout(LINKED_MS));
    times.push(performance.now() - startedMs);
    home.links.remove(peer.host.peerId);
    await peer.links.close();
    await peer.host.close();
  }
  await home.links.close();
  await home.host.close();
  const what = "a host starts and is linked with one that runs";
  yield informs(`${what}, p50 of ${STARTS}`, quantile(times, 0.5), "ms");
  yield informs(`${what}, slowest of ${STARTS}`, Math.max(...times), "ms");
}

/** From a kill to the certainty that its process has ended. */
async function* killedRows(): AsyncGenerator<BenchRow> {
  const times: number[] = [];
  for (let i = 0; i < KILLS; i += 1) times.push(await killedMs());
  const what = `a killed peer's link is told as refused, slowest of ${KILLS}`;
  yield below(REFUSED_MS, informs(what, Math.max(...times), "ms"));
}

async function killedMs(): Promise<number> {
  const pair = await Pair.start();
  try {
    const refused = Promise.withResolvers<number>();
    pair.links.onEvent(({ type }) => type === "refused" && refused.resolve(performance.now()));
    const startedMs = performance.now();
    pair.process.kill("SIGKILL");
    return (await refused.promise) - startedMs;
  } finally {
    await pair.close();
  }
}

/** A process with a link that does nothing; without actors, and with them, whose heartbeats are those of members. */
async function* restingRows(): AsyncGenerator<BenchRow> {
  for (const hasActors of [false, true]) {
    const pair = await Pair.start({ hasActors });
    try {
      if (hasActors) await askMs(pair, 1, SMALL_BYTES);
      await rest(CALM_AFTER_MS + SETTLE_MS);
      const before = await pair.report();
      const startedMs = performance.now();
      await rest(IDLE_MS);
      const after = await pair.report();
      const share = (100 * (after.cpuMs - before.cpuMs)) / (performance.now() - startedMs);
      const what = `a process with nothing but one link${hasActors ? " and actors" : ""}, at rest`;
      yield informs(`${what}: CPU`, share, "% of a core");
      yield informs(`${what}: memory, unbuilt`, after.rssBytes / 1e6, "MB");
    } finally {
      await pair.close();
    }
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
