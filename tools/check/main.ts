/**
 * `npm run check`: types, lint, format, import rules, tidiness. All of them run, whatever the others say, and what each
 * had to say is printed in a fixed order. Exit code 1 when any failed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEADLINE_MS = 10 * 60_000;

/** What the tools print is collected: no colours in it. oxlint takes even CI for a reason to colour. */
const PLAIN: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, CI: undefined };

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  /** The command that mends what the step complains about, where there is one. */
  readonly mend?: string;
  /** It begins first, as it uses one processor, and for longest: the others go beside it. */
  readonly isLongest?: true;
}

interface Result {
  readonly step: Step;
  readonly ok: boolean;
  readonly output: string;
  readonly elapsedMs: number;
}

const STEPS: readonly Step[] = [
  { name: "types", args: [bin("typescript", "tsc"), "--noEmit", "-p", "tsconfig.json"] },
  { name: "lint", args: [bin("oxlint", "oxlint"), "--type-aware", "--deny-warnings"] },
  {
    name: "format",
    args: [bin("prettier", "prettier"), "--check", "--log-level", "warn", "."],
    mend: "npm run format",
    isLongest: true,
  },
  { name: "imports", args: ["tools/imports/main.ts"] },
  { name: "tidy", args: ["tools/tidy/main.ts"] },
];

/** The script behind a package's command, to be run by this Node without a shell or npm between. */
function bin(packageName: string, command: string): string {
  const require = createRequire(join(ROOT, "package.json"));
  const path = require.resolve(`${packageName}/package.json`);
  const { bin: bins }: { bin: string | Readonly<Record<string, string>> } = require(path);
  return join(dirname(path), typeof bins === "string" ? bins : (bins[command] ?? ""));
}

async function run(step: Step): Promise<Result> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, step.args, {
    cwd: ROOT,
    env: PLAIN,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { step, ok: code === 0, output, elapsedMs: performance.now() - startedAt };
}

/** As many at a time as there are processors. */
async function runAll(): Promise<readonly Result[]> {
  const waiting = STEPS.toSorted((a, b) => Number(b.isLongest ?? false) - Number(a.isLongest ?? false));
  const results: Result[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await run(step));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results.toSorted((a, b) => STEPS.indexOf(a.step) - STEPS.indexOf(b.step));
}

const results = await runAll();
for (const { step, ok, output, elapsedMs } of results) {
  process.stdout.write(`${ok ? "ok    " : "FAILED"}  ${step.name.padEnd(8)}${(elapsedMs / 1000).toFixed(1)} s\n`);
  if (ok) continue;
  process.stdout.write(`${output.trimEnd().replaceAll(/^(?=.)/gm, "    ")}\n`);
  if (step.mend !== undefined) process.stdout.write(`    mend: ${step.mend}\n`);
}
const failed = results.filter(({ ok }) => !ok).map(({ step }) => step.name);
if (failed.length > 0) {
  process.stdout.write(`check failed: ${failed.join(", ")}\n`);
  process.exitCode = 1;
}
