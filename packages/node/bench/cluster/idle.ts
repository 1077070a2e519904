/**
 * What a peer of a cluster costs that does nothing: no engines, no clients. Measured are the processes of `parley start`, after they
 * have been started again: a peer that has just joined still holds the library that proved the join secret, some 16 MB.
 */
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { below, informs } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { shippedPeers, untilShippedUnited, type ShippedPeer } from "./shipped.ts";

const PEERS = 3;
const SECRET = "what the peers of a bench share";
/** Long enough for V8 to have compiled what runs all the time. */
const SETTLE_MS = 60_000;
const IDLE_MS = 30_000;
const GOAL_MB = 120;
const GOAL_CPU_PERCENT = 1;

export async function* idleRows(): AsyncGenerator<BenchRow> {
  if (process.platform !== "linux") {
    process.stderr.write("  skipped: what a process costs is read from /proc\n");
    return;
  }
  const { peers, close } = await shippedPeers(PEERS);
  try {
    for (const peer of peers) peer.start(SECRET);
    await untilShippedUnited(peers);
    await rest(SETTLE_MS / 6);
    const joined = peers.map(({ pid }) => residentMegabytes(pid));
    await Promise.all(peers.map((peer) => peer.stop()));
    for (const peer of peers) peer.start();
    await untilShippedUnited(peers);
    await rest(SETTLE_MS);
    yield* await idled(peers);
    yield informs("memory of a peer that has just joined, most", Math.max(...joined), "MB");
  } finally {
    await close();
  }
}

async function idled(peers: readonly ShippedPeer[]): Promise<readonly BenchRow[]> {
  const before = peers.map(({ pid }) => usedMs(pid));
  const startedMs = performance.now();
  await rest(IDLE_MS);
  const passedMs = performance.now() - startedMs;
  const used = peers.map((peer, i) => ({
    isPrime: peer.isPrime,
    cpuPercent: (100 * (usedMs(peer.pid) - (before[i] ?? 0))) / passedMs,
    megabytes: residentMegabytes(peer.pid),
  }));
  const rows = [false, true].flatMap((isPrime) => {
    const those = used.filter((each) => each.isPrime === isPrime);
    const who = isPrime ? "prime of three" : "other of three";
    const cpuPercent = Math.max(...those.map((each) => each.cpuPercent));
    const megabytes = Math.max(...those.map((each) => each.megabytes));
    return [
      below(GOAL_CPU_PERCENT, informs(`CPU of an idle peer, ${who}`, cpuPercent, "% of a core")),
      below(GOAL_MB, informs(`memory of an idle peer, ${who}`, megabytes, "MB")),
    ];
  });
  // On a full machine caches are cold, and the same work takes longer.
  return [...rows, informs("processes that wanted a core meanwhile", loadavg()[0] ?? 0, "")];
}

/** Of all its threads, in user and kernel mode. */
function usedMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(proc(`${pid}/task/${task}/schedstat`).split(" ")[0]) / 1e6, 0);
}

/** Resident, pages that are shared with others included. */
function residentMegabytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(proc(`${pid}/status`)) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

function proc(path: string): string {
  return readFileSync(`/proc/${path}`, "utf8");
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
