/**
 * `npm run oracle -- FILE…`: replays scripts (JSON lines, or plain `*.txt`) on the shipped core and prints one JSON line
 * a script. Where a script carries its recorded outcome, differences go to stderr and the exit code is 1.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { checkText, differences, type Recorded } from "./compare.ts";
import { replay } from "./replay.ts";
import { parseScripts, type Script } from "./script.ts";

function runScript(script: Script): number {
  const checks = recordedChecks(script);
  const found: string[] = [];
  const outcome = replay(script.script, (at, nodes) => {
    const expected = checks.get(at);
    const actual = nodes.map(checkText);
    if (expected !== undefined && expected.join() !== actual.join()) {
      found.push(`after command ${at}: ${actual.join(" ")} instead of ${expected.join(" ")}`);
    }
  });
  const name = script.file === undefined ? { seed: script.seed } : { file: script.file };
  process.stdout.write(`${JSON.stringify({ ...name, nodes: outcome.nodes, errors: outcome.errors })}\n`);
  if (isRecorded(script)) found.push(...differences(outcome.nodes, script.final));
  for (const difference of found) process.stderr.write(`${script.file ?? `seed ${script.seed}`}: ${difference}\n`);
  return found.length;
}

function recordedChecks(script: Script): ReadonlyMap<number, readonly string[]> {
  return new Map(isRecorded(script) ? (script.checks ?? []).map(({ at, nodes }) => [at, nodes]) : []);
}

function isRecorded(script: Script): script is Script & Recorded {
  return Array.isArray(script["final"]);
}

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write("usage: npm run oracle -- FILE…   (JSON lines, or plain scripts *.txt)\n");
  process.exitCode = 2;
} else {
  let [scripts, different] = [0, 0];
  for (const file of files) {
    for (const script of parseScripts(basename(file), readFileSync(file, "utf8"))) {
      scripts += 1;
      if (runScript(script) > 0) different += 1;
    }
  }
  process.stderr.write(`${scripts} scripts, ${different} different\n`);
  if (different > 0) process.exitCode = 1;
}
