/**
 * `npm run bench` lists the benches; `npm run bench -- NAME [--json] [args]` runs one. With `--json` stdout carries
 * exactly one JSON object. Exit codes: 0 measured (goals met or not), 1 the bench or a part of it failed, 2 no such bench, or
 * not with these arguments.
 */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatReport } from "./table.ts";
import type { BenchReport } from "./types.ts";
import { isUsageError } from "./usage-error.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENDING = ".bench.ts";

/** Every bench by its name. @throws Error when two share one */
function findBenches(): ReadonlyMap<string, string> {
  const benches = new Map<string, string>();
  for (const path of globSync(`packages/*/bench/*${ENDING}`, { cwd: ROOT }).toSorted()) {
    const name = basename(path, ENDING);
    const other = benches.get(name);
    if (other !== undefined) throw new Error(`two benches are called ${name}: ${other} and ${path}`);
    benches.set(name, path);
  }
  return benches;
}

async function runBench(path: string, args: readonly string[]): Promise<BenchReport> {
  const found: unknown = await import(pathToFileURL(join(ROOT, path)).href);
  const bench = typeof found === "object" && found !== null && "default" in found ? found.default : undefined;
  if (typeof bench !== "function") throw new Error(`${path} has no default export that is a function`);
  const report: unknown = await bench(args);
  if (!isReport(report)) throw new Error(`${path} did not return { bench, rows } as in tools/bench/types.ts`);
  return report;
}

function isReport(value: unknown): value is BenchReport {
  if (typeof value !== "object" || value === null || !("bench" in value && "rows" in value)) return false;
  return typeof value.bench === "string" && Array.isArray(value.rows) && value.rows.every(isRow);
}

function isRow(row: unknown): boolean {
  if (typeof row !== "object" || row === null) return false;
  const fields = ["metric", "value", "unit", "baseline", "ratio", "goal", "met"];
  return fields.every((field) => field in row) && "value" in row && Number.isFinite(row.value);
}

/** Whatever the bench or its libraries print goes to stderr until the returned function is called. */
function keepStdoutClean(): () => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return () => {
    process.stdout.write = write;
  };
}

const [name, ...rest] = process.argv.slice(2).filter((arg) => arg !== "--json");
const json = process.argv.includes("--json");
const benches = findBenches();
const path = name === undefined ? undefined : benches.get(name);
if (path !== undefined) {
  const restore = keepStdoutClean();
  try {
    const { failures = [], ...report } = await runBench(path, rest);
    restore();
    const isWritten = new Promise((resolve) => {
      process.stdout.write(`${json ? JSON.stringify(report) : formatReport(report)}\n`, resolve);
    });
    for (const failure of failures) process.stderr.write(`bench ${name} could not measure ${failure}\n`);
    await isWritten;
    // What did not end in time would go on for ever.
    if (failures.length > 0) process.exit(1);
  } catch (error) {
    const isUsage = isUsageError(error);
    const reason = error instanceof Error ? (isUsage ? error.message : error.stack) : String(error);
    process.stderr.write(`bench ${name} ${isUsage ? "refuses its arguments" : "failed"}: ${reason}\n`);
    process.exitCode = isUsage ? 2 : 1;
  } finally {
    restore();
  }
} else {
  const known = [...benches].map(([each, file]) => `  ${each}  (${file})`).join("\n") || "  none yet";
  const list = `benches:\n${known}\nrun one: npm run bench -- NAME [--json]\n`;
  if (name === undefined) process.stdout.write(list);
  else {
    process.stderr.write(`there is no bench "${name}"\n${list}`);
    process.exitCode = 2;
  }
}
