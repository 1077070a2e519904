/**
 * The log beside bare LevelDB and the bare disk: synced writes of 1, 16 and 128 entries of 256 bytes, the same disk
 * syncing one small overwrite, and opening a log of a million entries.
 *
 *     npm run bench -- log [--entries 1000000]
 */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import type { BenchReport, BenchRow } from "../../../tools/bench/types.ts";
import type { Entry } from "../src/core/types.ts";
import { openLevelLog } from "../src/storage/level-log.ts";

const ENTRY_BYTES = 256;
const ROUNDS = 1500;
const BATCHES = [1, 16, 128];
const OPEN_GOAL_MS = 1000;
const LOAD_BATCH = 1000;

export default async function bench(args: readonly string[]): Promise<BenchReport> {
  const at = args.indexOf("--entries");
  const entries = at === -1 ? 1_000_000 : Number(args[at + 1]);
  const folder = await mkdtemp(join(tmpdir(), "raft-log-bench-"));
  try {
    const rows: BenchRow[] = [informs("disk: one synced overwrite of 4 KiB, p50", await medianSyncMs(folder), "ms")];
    for (const size of BATCHES) rows.push(...(await writeRows(folder, size)));
    rows.push(...(await openRows(join(folder, "million"), entries)));
    return { bench: "log", rows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function medianSyncMs(folder: string): Promise<number> {
  const file = await open(join(folder, "raw"), "w+");
  await file.write(Buffer.alloc(1024 * 1024));
  await file.sync();
  const times = await timed(ROUNDS, async (i) => {
    await file.write(Buffer.alloc(4096), 0, 4096, (i % 256) * 4096);
    await file.datasync();
  });
  await file.close();
  return percentile(times, 50);
}

async function writeRows(folder: string, size: number): Promise<readonly BenchRow[]> {
  const log = await openLevelLog(join(folder, `log-${size}`));
  const bare = new Level<Buffer, Buffer>(join(folder, `bare-${size}`), {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    compression: false,
  });
  await bare.open();
  const ours: number[] = [];
  const theirs: number[] = [];
  // In turns, so that a busy machine is unkind to both alike.
  for (let i = 0; i < ROUNDS; i += 1) {
    const batch = entriesFrom(i * size + 1, size);
    const hardState = { term: 1, vote: 1, commit: i * size };
    ours.push(...(await timed(1, () => log.write({ hardState, entries: batch }, { sync: true }))));
    const puts = batch.map(({ index, data }) => ({ type: "put" as const, key: key(index), value: Buffer.from(data) }));
    theirs.push(...(await timed(1, () => bare.batch(puts, { sync: true }))));
  }
  await log.close();
  await bare.close();
  const name = `synced write of ${size}`;
  return [50, 99].map((rank) => beside(`${name}, p${rank}`, percentile(ours, rank), percentile(theirs, rank), "ms"));
}

async function openRows(folder: string, entries: number): Promise<readonly BenchRow[]> {
  const log = await openLevelLog(folder);
  const started = performance.now();
  for (let from = 1; from <= entries; from += LOAD_BATCH) {
    const hardState = { term: Math.ceil(from / 100_000), vote: 1, commit: 0 };
    const batch = entriesFrom(from, Math.min(LOAD_BATCH, entries - from + 1), hardState.term);
    await log.write({ hardState, entries: batch }, { sync: true });
  }
  const loaded = entries / ((performance.now() - started) / 1000);
  await log.close();
  const defaults = await medianOpenMs(folder, undefined);
  const everything = await medianOpenMs(folder, Infinity);
  const again = await openLevelLog(folder);
  const [verifyMs = 0] = await timed(1, () => again.verify());
  const reads = Array.from({ length: 2000 }, (_, i) => 1 + Math.floor((i / 2000) * entries * 0.9));
  const readStarted = performance.now();
  for (const index of reads) again.entries(index, index + 1, Infinity);
  const readUs = ((performance.now() - readStarted) / reads.length) * 1000;
  await again.close();
  return [
    informs("synced writes of 1000", Math.round(loaded), "entries/s"),
    {
      ...informs(`open ${entries} entries`, defaults, "ms"),
      goal: `<= ${OPEN_GOAL_MS}`,
      met: defaults <= OPEN_GOAL_MS,
    },
    informs(`open ${entries} entries, checking every one`, everything, "ms"),
    informs("verify all of an open log", verifyMs, "ms"),
    informs("read one old entry", readUs, "us"),
  ];
}

async function medianOpenMs(folder: string, verifyEntries: number | undefined): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const started = performance.now();
    const log = await openLevelLog(folder, verifyEntries === undefined ? {} : { verifyEntries });
    times.push(performance.now() - started);
    if (log.opened.state !== "intact") throw new Error(`the log is in doubt: ${log.opened.detail}`);
    await log.close();
  }
  return percentile(times, 50);
}

function entriesFrom(from: number, count: number, term = 1): readonly Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    term,
    index: from + i,
    type: "normal" as const,
    data: new Uint8Array(ENTRY_BYTES).fill(i % 256),
  }));
}

function key(index: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(index, 4);
  return bytes;
}

async function timed(rounds: number, work: (round: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const started = performance.now();
    await work(i);
    times.push(performance.now() - started);
  }
  return times;
}

function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * rank) / 100))] ?? 0;
}

function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}

function beside(metric: string, value: number, baseline: number, unit: string): BenchRow {
  return { ...informs(metric, value, unit), baseline, ratio: value / baseline };
}
