/**
 * How often a host that is there is held for gone, while all processors are busy and, if wanted, packets are lost.
 *
 *     npm run bench -- actors-alarms [--minutes N] [--busy N] [--loss PERCENT] [--json]
 *
 * With loss it needs Linux, root, `ip` and `nft`. With `--json` the report also has every alarm and the longest silences,
 * with how long each process stood still meanwhile: a host that did so for almost a second was rightly suspected.
 */
import type { BenchReport, BenchRow } from "../../../tools/bench/types.ts";
import { type Measured, measureAlarms } from "./alarms/measure.ts";
import { type AlarmOptions, alarmOptions } from "./alarms/options.ts";
import { byName, quantile } from "./alarms/silences.ts";
import { longestMs, stalledMs } from "./alarms/stalls.ts";

const LONGEST_SHOWN = 20;
const SHARES = [0.5, 0.99, 0.9999, 1];

interface LongSilence {
  /** Since the start. */
  readonly atSecond: number;
  readonly ms: number;
  readonly lanesMs: Readonly<Record<string, number>>;
  readonly nearStoodStillMs: number;
  readonly farStoodStillMs: number;
}

interface AlarmReport extends BenchReport {
  readonly options: AlarmOptions;
  readonly alarms: readonly { readonly atSecond: number; readonly message: string }[];
  readonly longest: readonly LongSilence[];
}

export default async function bench(args: readonly string[]): Promise<AlarmReport> {
  const options = alarmOptions(args);
  const measured = await measureAlarms(options);
  const { startedMs, alarms } = measured;
  return {
    bench: "actors-alarms",
    options,
    rows: rowsOf(measured),
    alarms: alarms.map(({ atMs, message }) => ({ atSecond: (atMs - startedMs) / 1000, message })),
    longest: longestOf(measured),
  };
}

function rowsOf({ alarms, silences, nearStalls, farStalls }: Measured): readonly BenchRow[] {
  const rows: BenchRow[] = [
    { ...informs("false alarms", alarms.length, ""), goal: 0, met: alarms.length === 0 },
    informs("longest time this process stood still", longestMs(nearStalls), "ms"),
    informs("longest time the other process stood still", longestMs(farStalls), "ms"),
  ];
  for (const [name, times] of byName(silences)) {
    const sorted = times.toSorted((a, b) => a - b);
    for (const share of SHARES) {
      const which = share === 1 ? "max" : `p${Number((share * 100).toFixed(2))}`;
      rows.push(informs(`silence, ${name}, ${which}`, quantile(sorted, share), "ms"));
    }
  }
  return rows;
}

function longestOf({ startedMs, silences, nearStalls, farStalls }: Measured): readonly LongSilence[] {
  return silences.long
    .toSorted((a, b) => b.forMs - a.forMs)
    .slice(0, LONGEST_SHOWN)
    .map(({ untilMs, forMs, lanesMs }) => ({
      atSecond: (untilMs - startedMs) / 1000,
      ms: Math.round(forMs),
      lanesMs: Object.fromEntries(Object.entries(lanesMs).map(([lane, ms]) => [lane, Math.round(ms)])),
      nearStoodStillMs: Math.round(stalledMs(nearStalls, untilMs - forMs, untilMs)),
      farStoodStillMs: Math.round(stalledMs(farStalls, untilMs - forMs, untilMs)),
    }));
}

function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
