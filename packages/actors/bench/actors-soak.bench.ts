/**
 * Whether memory stays flat while everything runs: three processes over TCP with messages, asks, acknowledged messages, streams
 * of sound, crashes and restarts, death watch, entities that move, services, events and jobs; with connections that break,
 * leaders that change and a host that is killed and started anew once a minute.
 *
 *     npm run bench -- actors-soak [--minutes N] [--json]
 *
 * Prints a line per host and minute to stderr. With `--json` the report also has them all.
 */
import type { BenchReport, BenchRow } from "../../../tools/bench/types.ts";
import { soakOptions } from "./soak/options.ts";
import { LASTING, type Reading, soak } from "./soak/run.ts";
import { type Fit, fitOf } from "./soak/verdict.ts";

const MOST_GROWTH_PERCENT = 5;

interface SoakReport extends BenchReport {
  readonly minutes: number;
  readonly readings: readonly Reading[];
}

export default async function bench(args: readonly string[]): Promise<SoakReport> {
  const options = soakOptions(args);
  const readings = await soak(options, (latest) => {
    for (const reading of latest) process.stderr.write(`${lineOf(reading)}\n`);
  });
  return {
    bench: "actors-soak",
    minutes: options.minutes,
    rows: LASTING.flatMap((peer) => rowsOf(peer, readings)),
    readings,
  };
}

function lineOf({
  peer,
  atMinute,
  rssMB,
  heapMB,
  externalMB,
  handles,
  actors,
  waiting,
  done,
  errors,
}: Reading): string {
  const memory = `rss ${rssMB.toFixed(1)} heap ${heapMB.toFixed(2)} external ${externalMB.toFixed(2)} MB`;
  const failed = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  return [
    `minute ${Math.round(atMinute)} ${peer}: ${memory}`,
    `${handles} handles`,
    `${actors} actors`,
    `${waiting} waiting`,
    `${total(done)} done`,
    ...(failed.length > 0 ? [`errors: ${failed.join(", ")}`] : []),
  ].join(" · ");
}

function rowsOf(peer: string, all: readonly Reading[]): readonly BenchRow[] {
  const readings = all.filter((reading) => reading.peer === peer);
  const fit = (of: (reading: Reading) => number): Fit =>
    fitOf(readings.map((reading) => ({ atMinute: reading.atMinute, value: of(reading) })));
  const heap = fit(({ heapMB }) => heapMB);
  const last = readings.at(-1);
  const row = (metric: string, { first, last: now }: Fit, unit: string): readonly BenchRow[] => [
    informs(`${peer}: ${metric}, after the warm-up`, first, unit),
    informs(`${peer}: ${metric}, at the end`, now, unit),
  ];
  return [
    ...row("heap after garbage collection", heap, "MB"),
    {
      ...informs(`${peer}: growth of the heap`, heap.growthPercent, "%"),
      goal: `<= ${MOST_GROWTH_PERCENT}`,
      met: heap.growthPercent <= MOST_GROWTH_PERCENT,
    },
    ...row(
      "resident memory",
      fit(({ rssMB }) => rssMB),
      "MB",
    ),
    ...row(
      "memory outside of the heap",
      fit(({ externalMB }) => externalMB),
      "MB",
    ),
    ...row(
      "handles",
      fit(({ handles }) => handles),
      "",
    ),
    ...row(
      "actors",
      fit(({ actors }) => actors),
      "",
    ),
    ...Object.entries(last?.done ?? {}).map(([kind, count]) => informs(`${peer}: ${kind}`, count, "")),
    ...Object.entries(last?.errors ?? {}).map(([code, count]) => informs(`${peer}: errors ${code}`, count, "")),
  ];
}

function total(done: Readonly<Record<string, number>>): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0);
}

function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
