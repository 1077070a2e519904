/** `npm run linearizable -- FILE.jsonl`: the verdict over a history, whoever wrote it. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { checkLinearizability, describeCheck, readHistory } from "@parley/raft/testing";

const USAGE = `usage: npm run linearizable -- [--json] [--max-work N] FILE.jsonl
exit code: 0 linearizable, 1 a violation, 2 no verdict (undecided within the work allowed, or the file is no history)`;

const EXIT_CODES = { linearizable: 0, violation: 1, undecided: 2 } as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: "boolean", default: false }, "max-work": { type: "string" } },
    allowPositionals: true,
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new TypeError("one file is checked at a time");
  const maxWorkPerKey = values["max-work"] === undefined ? undefined : Number(values["max-work"]);
  if (maxWorkPerKey !== undefined && !(maxWorkPerKey > 0)) throw new TypeError("--max-work takes a positive number");
  const history = await readHistory(createInterface({ input: createReadStream(file), crlfDelay: Infinity }));
  const result = checkLinearizability(history, maxWorkPerKey === undefined ? {} : { maxWorkPerKey });
  process.stdout.write(`${values.json ? JSON.stringify({ file, ...result }) : describeCheck(result)}\n`);
  return EXIT_CODES[result.verdict];
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`${error.message}\n${error instanceof TypeError ? `${USAGE}\n` : ""}`);
  process.exitCode = 2;
}
