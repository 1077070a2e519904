/**
 * A bench of several parts: one that fails, or does not end, takes nothing from the others. How far it is goes to stderr, with what
 * each part took.
 */
import { rowLine } from "./table.ts";
import type { BenchReport, BenchRow } from "./types.ts";
import { UsageError } from "./usage-error.ts";

/** Gives each row as soon as it is measured. What it throws ends this part. */
export type Part = () => AsyncIterable<BenchRow>;

export type Parts = Readonly<Record<string, Part>>;

/** Longer than the slowest part takes on a slow machine. */
const PART_MS = 20 * 60_000;

/**
 * @param wanted names of parts; none: all of them
 * @param withinMs what each part may take; who takes longer is left alone, and `npm run bench` ends the process in the end
 * @throws UsageError when there is no such part
 */
export async function runParts(
  bench: string,
  parts: Parts,
  wanted: readonly string[],
  withinMs = PART_MS,
): Promise<BenchReport> {
  const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new UsageError(`no part is called ${unknown}: ${Object.keys(parts).join(", ")}`);
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    tell(`${name}:`);
    const startedMs = performance.now();
    try {
      await inTime(collect(part, rows), withinMs);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.push(`${name}: ${why}`);
      tell(error instanceof Error && error.stack !== undefined ? error.stack : why);
    }
    tell(`${name} took ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
  }
  return { bench, rows, failures };
}

async function collect(part: Part, rows: BenchRow[]): Promise<void> {
  for await (const row of part()) {
    if (!Number.isFinite(row.value)) throw new Error(`${row.metric} gave no value`);
    rows.push(row);
    tell(`  ${rowLine(row)}`);
  }
}

async function inTime(measuring: Promise<void>, withinMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`did not end within ${withinMs / 1_000} s`)), withinMs);
  try {
    await Promise.race([measuring, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
