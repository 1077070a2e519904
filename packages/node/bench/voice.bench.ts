/**
 * `npm run bench -- voice`: how well a live conversation hears, decides and answers, beside the bare engines in the same run.
 *
 *     npm run bench -- voice [--only PART[,PART …]] [--quick] [--minutes N] [--turns N] [--page]
 *
 * A part whose models are not there says so and is left out. `--quick` takes small sets: minutes in the place of an hour.
 * `--page` keeps what was measured in docs/VOICE.md.
 */
import { parseArgs } from "node:util";
import { runParts } from "../../../tools/bench/parts.ts";
import { UsageError } from "../../../tools/bench/usage-error.ts";
import type { BenchReport, BenchRow } from "../../../tools/bench/types.ts";
import { arbitrationRows } from "./voice/arbitration.ts";
import { bargeInRows } from "./voice/barge-in.ts";
import { endpointRows } from "./voice/endpoint.ts";
import { fixedRows } from "./voice/fixed.ts";
import { frameRows } from "./voice/frames.ts";
import { latencyRows } from "./voice/latency.ts";
import { overheadRows } from "./voice/overhead.ts";
import { loadNow, whyNotKept, writePage } from "./voice/page.ts";
import { MaterialMissing, type PartOptions, type VoicePart } from "./voice/part.ts";
import { phraseRows } from "./voice/phrases.ts";
import { realRows } from "./voice/real.ts";
import { startRows } from "./voice/starts.ts";
import { alarmRows, idleRows, wakeRows } from "./voice/wake.ts";
import { wordRows } from "./voice/words.ts";

/** The table of contents. */
const PARTS: Readonly<Record<string, VoicePart>> = {
  arbitration: arbitrationRows,
  frames: frameRows,
  wake: wakeRows,
  alarms: alarmRows,
  idle: idleRows,
  endpoint: endpointRows,
  "barge-in": bargeInRows,
  words: wordRows,
  fixed: fixedRows,
  overhead: overheadRows,
  latency: latencyRows,
  starts: startRows,
  phrases: phraseRows,
  real: realRows,
};

/** An hour of sound may be listened to, beside other work. */
const PART_MS = 90 * 60_000;

/** @throws UsageError when there is no such part, or a number is none */
export default async function bench(args: readonly string[]): Promise<BenchReport> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      minutes: { type: "string" },
      turns: { type: "string" },
      page: { type: "boolean", default: false },
    },
  });
  const numbers: Readonly<Record<string, string | undefined>> = {
    "--minutes": values.minutes,
    "--turns": values.turns,
  };
  const options: PartOptions = {
    isQuick: values.quick,
    number: (name, otherwise) => wholeNumber(name, numbers[name], otherwise),
  };
  for (const name of Object.keys(numbers)) options.number(name, 1);
  const wanted = values.only?.split(",") ?? Object.keys(PARTS);
  const unknown = wanted.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) throw new UsageError(`no part is called ${unknown}: ${Object.keys(PARTS).join(", ")}`);
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (!wanted.includes(name)) continue;
    const before = loadNow();
    const report = await runParts("voice", { [name]: () => whereThereIsMaterial(name, part, options) }, [], PART_MS);
    rows.push(...report.rows);
    failures.push(...(report.failures ?? []));
    // Part by part: what comes behind may fail.
    const measured = { name, rows: report.rows, isQuick: values.quick, load: [before, loadNow()] } as const;
    const whyNot = whyNotKept(measured);
    if (values.page && whyNot === undefined) await writePage([measured]);
    else if (values.page) process.stderr.write(`${whyNot}\n`);
  }
  return { bench: "voice", rows, failures };
}

function wholeNumber(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${name} takes a whole number of at least 1`);
  return value;
}

async function* whereThereIsMaterial(name: string, part: VoicePart, options: PartOptions): AsyncGenerator<BenchRow> {
  try {
    yield* part(options);
  } catch (error) {
    if (!(error instanceof MaterialMissing)) throw error;
    process.stderr.write(`${name} is left out: ${error.message}\n`);
  }
}
