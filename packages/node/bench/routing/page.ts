/** The tables of `docs/ROUTING.md`, each between two marks; the words around them are written by people. */
import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import type { BenchRow } from "../../../../tools/bench/types.ts";

const PAGE = new URL("../../../../docs/ROUTING.md", import.meta.url);

/** `30 peers, bursts, load 0.7: parley, mean` */
const METRIC = /^(?<scene>.+?): (?<what>.+?)(?:, (?<figure>mean|p99|sent))?$/u;

/** Puts what was measured of one part into the page; without rows it stays as it was. @throws Error when the page has no place for it */
export async function writeFigures(
  part: string,
  rows: readonly BenchRow[],
  isQuick: boolean,
  path = fileURLToPath(PAGE),
): Promise<void> {
  if (rows.length === 0) return;
  const page = await readFile(path, "utf8");
  const [begin, end] = [`<!-- figures: ${part} -->`, `<!-- end: ${part} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${path} has no place for ${part}`);
  const text = [page.slice(0, from) + begin, tablesOf(part, rows), measuredHow(part, isQuick), page.slice(to)];
  await writeFile(path, await format(text.join("\n\n"), { parser: "markdown", printWidth: 120 }));
}

function tablesOf(part: string, rows: readonly BenchRow[]): string {
  if (part === "placement") return [matrix(rows, "mean"), matrix(rows, "p99")].join("\n\n");
  if (part === "herd") return [matrix(rows, "mean"), matrix(rows, "sent")].join("\n\n");
  return list(rows);
}

const FIGURES: Readonly<Record<string, string>> = {
  mean: "mean time, times the clairvoyant's",
  p99: "99th percentile, times the clairvoyant's",
  sent: "times that a job was sent",
};

/** Scenes down, routers across. */
function matrix(rows: readonly BenchRow[], figure: string): string {
  const cells = new Map<string, Map<string, BenchRow>>();
  const routers = new Set<string>();
  for (const row of rows) {
    const found = METRIC.exec(row.metric)?.groups;
    const { scene = "", what = "" } = found ?? {};
    if (found?.["figure"] !== figure || what.includes("beside")) continue;
    routers.add(what);
    cells.set(scene, (cells.get(scene) ?? new Map<string, BenchRow>()).set(what, row));
  }
  const hasBest = figure !== "sent";
  const head = [FIGURES[figure] ?? figure, ...routers, ...(hasBest ? ["clairvoyant"] : [])];
  const lines = [...cells].map(([scene, byRouter]) => {
    const [first] = byRouter.values();
    const values = [...routers].map((router) => cellOf(byRouter.get(router)));
    return [scene, ...values, ...(hasBest ? [`${rounded(first?.baseline ?? 0)} ms`] : [])];
  });
  return table([head, ...lines]);
}

function cellOf(row: BenchRow | undefined): string {
  if (row === undefined) return "";
  const value = (row.ratio ?? row.value).toFixed(2);
  return row.met === false ? `**${value}**` : value;
}

function list(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ metric, value, unit, goal, met }) => [
    metric,
    `${rounded(value)} ${unit}`,
    goal === null ? "" : String(goal),
    met === null ? "" : met ? "met" : "**missed**",
  ]);
  return table([["", "value", "goal", ""], ...lines]);
}

function table([head = [], ...lines]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map((_, at) => (at === 0 ? "---" : "---:"))), ...lines.map(row)].join("\n");
}

function measuredHow(part: string, isQuick: boolean): string {
  const when = new Date().toISOString().slice(0, 16).replace("T", " ");
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const command = `npm run bench -- routing --only ${part}${isQuick ? " --quick" : ""} --page`;
  return `\`${command}\`, ${when} UTC, ${cpus().length} processors, load ${load}.`;
}

/** Three significant digits below a hundred, whole numbers above. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
