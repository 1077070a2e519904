/**
 * `docs/VOICE.md`: the last figures of every part of the bench. Written by the bench alone; a run of some parts takes their place
 * and leaves the others as they were measured.
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import type { BenchRow } from "../../../../tools/bench/types.ts";

const PAGE = new URL("../../../../docs/VOICE.md", import.meta.url);

/** What each part asks, in the order of the page. A part that is not here stands behind them under its own name. */
const TITLES: Readonly<Record<string, string>> = {
  frames: "Is speech found, frame by frame?",
  endpoint: "Is a turn ended when somebody has finished, and not before?",
  wake: "Are wake words heard?",
  alarms: "Are wake words heard that nobody said?",
  "barge-in": "Does a reply stop for who interrupts it, and only for them?",
  echo: "Does our own voice interrupt us?",
  words: "Is understood what was said?",
  arbitration: "How long does it take to settle who answers?",
  overhead: "How much of the wait is ours? Engines of fixed delay, in a live conversation",
  fixed: "How much of the wait is ours? Engines of fixed delay, one spoken question at a time",
  latency: "How long until an answer is heard? Real engines, beside the sum of the bare ones",
  starts: "How soon does a voice start, and what does a wake word cost to keep?",
  phrases: "What is a kept phrase worth?",
  real: "How far are the engines from what they are when called bare?",
  idle: "What does listening cost while nobody speaks?",
};

const INTRO = `# What the voice is worth, in figures

\`npm run bench -- voice --page\` writes this page, and nobody else does; with \`--only PART[,PART …]\` it measures those parts anew and
leaves the others as they were. What each part does stands in \`packages/node/bench/voice/\`. Rows with a goal are promises; a
baseline is the bare engine, called by a plain script in the same run. Waits are kept only when nothing else wanted the processors
as they began to be measured. The sounds are recordings of people and voices
synthesised for the purpose, mixed with noise, music and rooms by the bench itself, none of which was used to choose a setting.

Beside the figures stand tests of whole conversations with real engines over a real peer's socket: ten turns with everything that
happens in them (\`packages/node/test/voice/ten-turns.test.ts\`), engines killed, stopped and robbed of their model in the middle of a
sentence (\`faults.test.ts\` beside it), ten times too much work (\`packages/node/test/services/overload.test.ts\`), and hours of
conversation in simulated time (\`PARLEY_SESSION_HOURS=8 npx vitest run packages/audio/test/pipeline/converse/long-session.test.ts\`).`;

/** One part as it was measured. */
export interface MeasuredPart {
  readonly name: string;
  readonly rows: readonly BenchRow[];
  readonly isQuick: boolean;
  /** Processes that wanted a processor while it was measured, in the mean: the load average before and behind. */
  readonly load: readonly [before: number, behind: number];
}

/** Parts whose figures are waits: beside other work they say nothing of what is measured. */
const TIMED: ReadonlySet<string> = new Set([
  "arbitration",
  "overhead",
  "fixed",
  "latency",
  "starts",
  "phrases",
  "real",
]);

/** Why a part is not kept on the page; undefined when it is. */
export function whyNotKept({ name, load: [before] }: Pick<MeasuredPart, "name" | "load">): string | undefined {
  const most = cpus().length;
  if (!TIMED.has(name) || before <= most) return undefined;
  return `${name} is not kept on the page: it measures waits, and the load was ${before.toFixed(1)}, more than ${most}`;
}

/** Processes that want a processor now, by the system's mean of a minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}

/** Puts `parts` into the page; a part without a row is left as it was. */
export async function writePage(parts: readonly MeasuredPart[], path = fileURLToPath(PAGE)): Promise<void> {
  const sections = sectionsOf(await readFile(path, "utf8").catch(() => ""));
  for (const part of parts) if (part.rows.length > 0) sections.set(part.name, sectionOf(part));
  const order = [...Object.keys(TITLES), ...[...sections.keys()].toSorted()];
  const texts = [...new Set(order)].flatMap((name) => sections.get(name) ?? []);
  await writeFile(path, await format([INTRO, ...texts].join("\n\n"), { parser: "markdown", printWidth: 120 }));
}

const MARK = /^<!-- part: (?<name>[a-z-]+) -->$/mu;

/** The sections of a page, by part. */
function sectionsOf(page: string): Map<string, string> {
  const sections = new Map<string, string>();
  const pieces = page.split(MARK);
  for (let at = 1; at + 1 < pieces.length; at += 2) {
    const name = pieces[at] ?? "";
    sections.set(name, `<!-- part: ${name} -->${pieces[at + 1] ?? ""}`.trimEnd());
  }
  return sections;
}

function sectionOf({ name, rows, isQuick, load: [before, behind] }: MeasuredPart): string {
  const lines = rows.map(
    ({ metric, value, unit, baseline, ratio, goal, met }) =>
      `| ${metric} | ${rounded(value)} ${unit} | ${baseline === null ? "" : `${rounded(baseline)} ${unit}`} | ` +
      `${ratio === null ? "" : `${rounded(ratio)}x`} | ${goal ?? ""} | ${met === null ? "" : met ? "met" : "**missed**"} |`,
  );
  const when = new Date().toISOString().slice(0, 16).replace("T", " ");
  const processors = cpus();
  const machine = `${processors.length} processors (${processors[0]?.model.trim() ?? "unknown"})`;
  return `<!-- part: ${name} -->

## ${TITLES[name] ?? name}

| | value | bare | ratio | goal | |
|---|---:|---:|---:|---|---|
${lines.join("\n")}

\`--only ${name}${isQuick ? " --quick" : ""}\`, ${when} UTC, on ${machine}, load ${before.toFixed(1)} before and ${behind.toFixed(1)} behind.`;
}

/** Three significant digits below a hundred, whole numbers above. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
