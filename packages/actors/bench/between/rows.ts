/** Two processes: how fast messages between them are, beside a bare socket with the same frames. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { askMs, asksPerMs, offersPerMs, streamMBps, tellsPerMs } from "./actors.ts";
import { bareEchoMs, bareFramesPerMs, bareMBps } from "./bare.ts";
import { detectionMs } from "./detection.ts";
import { Pair } from "./pair.ts";

const ROUNDS = 5;
const SMALL_BYTES = 100;
const SOUND_BYTES = 1_920;
const LARGE_BYTES = 64 * 1024;
const ROUND_TRIPS = 3_000;
const MESSAGES = 100_000;

export async function betweenRows(): Promise<readonly BenchRow[]> {
  const pair = await Pair.start();
  try {
    return [
      ...(await roundTripRows(pair)),
      ...(await rateRows(pair)),
      ...(await streamRows(pair)),
      ...(await goneRows()),
    ];
  } finally {
    await pair.close();
  }
}

async function roundTripRows(pair: Pair): Promise<readonly BenchRow[]> {
  const ours: number[][] = [];
  const bare: number[][] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const [mine, theirs] = [
      await askMs(pair, ROUND_TRIPS, SMALL_BYTES),
      await bareEchoMs(pair, ROUND_TRIPS, SMALL_BYTES),
    ];
    if (round < 0) continue;
    ours.push([...mine]);
    bare.push([...theirs]);
  }
  const best = (rounds: readonly (readonly number[])[], share: number): number =>
    1000 * Math.min(...rounds.map((times) => quantile(times, share)));
  return [0.5, 0.99].map((share) =>
    beside(
      `ask between processes, 100 B, p${share * 100}, beside a bare socket`,
      best(ours, share),
      best(bare, share),
      "us",
    ),
  );
}

async function rateRows(pair: Pair): Promise<readonly BenchRow[]> {
  const tells = await most(() => tellsPerMs(pair, MESSAGES, SMALL_BYTES));
  const frames = await most(() => bareFramesPerMs(pair, MESSAGES, SMALL_BYTES));
  const asks = await most(() => asksPerMs(pair, MESSAGES / 2, SMALL_BYTES, 64));
  const offers = await most(() => offersPerMs(pair, MESSAGES / 2, SMALL_BYTES));
  return [
    beside("tell between processes, 100 B, beside a bare socket", tells, frames, "k/s"),
    informs("ask between processes, 100 B, 64 under way", asks, "k/s"),
    informs("acknowledged message between processes, 100 B, 256 under way", offers, "k/s"),
  ];
}

async function streamRows(pair: Pair): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, bytes, count] of [
    ["sound of 20 ms", SOUND_BYTES, 50_000],
    ["64 KiB", LARGE_BYTES, 8_000],
  ] as const) {
    const ours = await most(() => streamMBps(pair, count, bytes));
    const bare = await most(() => bareMBps(pair, count, bytes));
    rows.push(beside(`stream between processes, ${name}, window 64, beside a bare socket`, ours, bare, "MB/s"));
  }
  return rows;
}

async function goneRows(): Promise<readonly BenchRow[]> {
  const killed = await detectionMs("SIGKILL", 5);
  const stopped = await detectionMs("SIGSTOP", 10);
  const row = (metric: string, timesMs: readonly number[], goalMs: number): BenchRow => {
    const value = Math.max(...timesMs);
    return { ...informs(metric, value, "ms"), goal: `< ${goalMs}`, met: value < goalMs };
  };
  return [
    row("a killed host is known to be gone, slowest of 5", killed, 100),
    row("a host that stands still is known to be gone, slowest of 10", stopped, 1_000),
  ];
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
