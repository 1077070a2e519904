/**
 * What it costs each peer that all say now and then how they fare: the shipped signs of life over the shipped gossip, between real
 * libp2p hosts on loopback (TCP, Noise, Yamux), each linked with each as members are. Simulated are the clock, so that the same is
 * done however busy the machine is, and that several peers share a process; they have no cluster: no Raft, no actors, no pings.
 * Counted is what gossip gives its streams, beside what it would be if each told each other once; Noise, Yamux and TCP add some 60
 * bytes to a message.
 */
import { beside, informs } from "../../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../../tools/bench/types.ts";
import { GossipPeers, type Count } from "./peers.ts";

const SIZES = [3, 10, 50];
/** Until each has found whom it passes gossip on to, and V8 has compiled what runs all the time. */
const WARM_UP_ROUNDS = 8;
const ROUNDS = 10;

export async function* gossipRows(): AsyncGenerator<BenchRow> {
  for (const size of SIZES) yield* rowsOf(size);
}

async function* rowsOf(size: number): AsyncGenerator<BenchRow> {
  const peers = await GossipPeers.start(size);
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await peers.round();
    const before = await peers.count();
    for (let round = 0; round < ROUNDS; round += 1) await peers.round();
    const after = await peers.count();
    const orderMs = await peers.orderMs();
    yield* rowsBetween(before, { ...after, cpuMs: after.cpuMs - orderMs * (after.orders - before.orders) }, peers);
  } finally {
    await peers.close();
  }
}

function* rowsBetween(before: Count, after: Count, { size, perProcess, roundMs }: GossipPeers): Generator<BenchRow> {
  const seconds = (ROUNDS * roundMs) / 1_000;
  const others = size - 1;
  /** Of each, in a second of simulated time. */
  const rate = (of: keyof Count): number => (after[of] - before[of]) / seconds / size;
  const what = `gossip, ${size} peers (simulated: their clock, ${perProcess} to a process)`;
  yield beside(`${what}: sent by each, beside telling each once`, rate("sentBytes"), rate("saidBytes") * others, "B/s");
  yield beside(`${what}: messages of each, beside telling each once`, rate("sent"), rate("said") * others, "/s");
  yield informs(`${what}: processor of each`, rate("cpuMs") / 10, "% of a core");
  const share = rate("heard") / (rate("said") * others);
  yield { ...informs(`${what}: of what was said, heard by all others`, 100 * share, "%"), goal: 100, met: share === 1 };
}
