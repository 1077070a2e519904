/** Rows of two processes that any transport of actors can be measured by, beside a bare socket between the same two. */
import type { BenchRow } from "../types.ts";
import { beside, most, quantile } from "../rows.ts";
import { askMs, streamMBps, type FarActor } from "./asks.ts";
import { bareEchoMs, bareMBps, type BareEnd } from "./bare.ts";

export type Between = FarActor & BareEnd;

export const ROUNDS = 5;
export const SMALL_BYTES = 100;

/** @param how such as "over libp2p" */
export async function roundTripRows(pair: Between, how: string, count: number): Promise<readonly BenchRow[]> {
  const ours: (readonly number[])[] = [];
  const bare: (readonly number[])[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const mine = await askMs(pair, count, SMALL_BYTES);
    const theirs = await bareEchoMs(pair, count, SMALL_BYTES);
    if (round < 0) continue;
    ours.push(mine);
    bare.push(theirs);
  }
  const bestUs = (rounds: readonly (readonly number[])[], share: number): number =>
    1000 * Math.min(...rounds.map((times) => quantile(times, share)));
  return [0.5, 0.99].map((share) =>
    beside(`ask ${how}, 100 B, p${share * 100}, beside a bare socket`, bestUs(ours, share), bestUs(bare, share), "us"),
  );
}

/** @param sizes what an item is, its bytes, and how many of them are sent */
export async function streamRows(
  pair: Between,
  how: string,
  sizes: readonly (readonly [name: string, bytes: number, count: number])[],
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, bytes, count] of sizes) {
    const ours = await most(ROUNDS, () => streamMBps(pair, count, bytes));
    const bare = await most(ROUNDS, () => bareMBps(pair, count, bytes));
    rows.push(beside(`stream ${how}, ${name}, window 64, beside a bare socket`, ours, bare, "MB/s"));
  }
  return rows;
}
