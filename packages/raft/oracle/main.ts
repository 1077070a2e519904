/**
 * `npm run oracle -- FILE…`: replays scripts (JSON lines, or plain `*.txt`) on the shipped core and prints one JSON line
 * a script. Exit codes: 0; 1 where a script differs from the outcome recorded with it, or a plain script has lines that
 * cannot be understood or run (both go to stderr); 2 for files that cannot be read as scripts.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { checkText, differences, type Recorded } from "./compare.ts";
import { replay } from "./replay.ts";
import { parseScripts, type Script } from "./script.ts";

function runScript(script: Script): number {
  const checks = recordedChecks(script);
  const found: string[] = [];
  const outcome = replay(
    script.script,
    (at, nodes) => {
      const expected = checks.get(at);
      const actual = nodes.map(checkText);
      if (expected !== undefined && expected.join() !== actual.join()) {
        found.push(`after command ${at}: ${actual.join(" ")} instead of ${expected.join(" ")}`);
      }
    },
    (at) => (script.lines === undefined ? "" : `line ${script.lines[at]}: `),
  );
  const errors = [...(script.problems ?? []), ...(outcome.errors ?? [])];
  const name = script.file === undefined ? { seed: script.seed } : { file: script.file };
  process.stdout.write(
    `${JSON.stringify({ ...name, nodes: outcome.nodes, errors: errors.length === 0 ? null : errors })}\n`,
  );
  if (isRecorded(script)) found.push(...differences(outcome.nodes, script.final));
  if (script.lines !== undefined) found.push(...errors);
  for (const difference of found) process.stderr.write(`${script.file ?? `seed ${script.seed}`}: ${difference}\n`);
  return found.length;
}

function recordedChecks(script: Script): ReadonlyMap<number, readonly string[]> {
  return new Map(isRecorded(script) ? (script.checks ?? []).map(({ at, nodes }) => [at, nodes]) : []);
}

function isRecorded(script: Script): script is Script & Recorded {
  return Array.isArray(script["final"]);
}

/** Every script of every file, before the first one runs. @throws TypeError when a file cannot be read as scripts */
function load(files: readonly string[]): readonly Script[] {
  return files.flatMap((file) => parseScripts(basename(file), readText(file)));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new TypeError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    process.stderr.write("usage: npm run oracle -- FILE…   (JSON lines, or plain scripts *.txt)\n");
    return 2;
  }
  let scripts: readonly Script[];
  try {
    scripts = load(files);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const different = scripts.filter((script) => runScript(script) > 0).length;
  process.stderr.write(`${scripts.length} scripts, ${different} different\n`);
  return different > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
