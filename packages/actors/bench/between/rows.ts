/** Two processes: how fast messages between them are, beside a bare socket with the same frames. */
import { asksPerMs } from "../../../../tools/bench/between/asks.ts";
import { bareFramesPerMs } from "../../../../tools/bench/between/bare.ts";
import { ROUNDS, roundTripRows, SMALL_BYTES, streamRows } from "../../../../tools/bench/between/round-trips.ts";
import { beside, informs, most } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { detectionMs } from "./detection.ts";
import { offersPerMs, tellsPerMs } from "./messages.ts";
import { Pair } from "./pair.ts";

const HOW = "between processes";
const ROUND_TRIPS = 3_000;
const STREAMS = [
  ["sound of 20 ms", 1_920, 50_000],
  ["64 KiB", 64 * 1024, 8_000],
] as const;
const MESSAGES = 100_000;

export async function betweenRows(): Promise<readonly BenchRow[]> {
  const pair = await Pair.start();
  try {
    return [
      ...(await roundTripRows(pair, HOW, ROUND_TRIPS)),
      ...(await rateRows(pair)),
      ...(await streamRows(pair, HOW, STREAMS)),
      ...(await goneRows()),
    ];
  } finally {
    await pair.close();
  }
}

async function rateRows(pair: Pair): Promise<readonly BenchRow[]> {
  const tells = await most(ROUNDS, () => tellsPerMs(pair, MESSAGES, SMALL_BYTES));
  const frames = await most(ROUNDS, () => bareFramesPerMs(pair, MESSAGES, SMALL_BYTES));
  const asks = await most(ROUNDS, () => asksPerMs(pair, MESSAGES / 2, SMALL_BYTES, 64));
  const offers = await most(ROUNDS, () => offersPerMs(pair, MESSAGES / 2, SMALL_BYTES));
  return [
    beside("tell between processes, 100 B, beside a bare socket", tells, frames, "k/s"),
    informs("ask between processes, 100 B, 64 under way", asks, "k/s"),
    informs("acknowledged message between processes, 100 B, 256 under way", offers, "k/s"),
  ];
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
