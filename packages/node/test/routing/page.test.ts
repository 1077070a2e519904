import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { writeFigures } from "../../bench/routing/page.ts";
import { temporaryFolder } from "../support.ts";

function row(metric: string, value: number, baseline: number | null, met: boolean | null = null): BenchRow {
  return {
    metric,
    value,
    unit: "ms",
    baseline,
    ratio: baseline === null ? null : value / baseline,
    goal: met === null ? null : "< 9",
    met,
  };
}

const PAGE = [
  "# Title",
  "",
  "<!-- figures: placement -->",
  "",
  "old",
  "",
  "<!-- end: placement -->",
  "",
  "Words.",
  "",
  "<!-- figures: cost -->",
  "<!-- end: cost -->",
  "",
];

it("figures take their own place on the page of routing, and words stay as they are", async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const path = join(folder.path, "ROUTING.md");
  await writeFile(path, PAGE.join("\n"));
  await writeFigures("cost", [row("decision", 12, null, false)], true, path);
  await writeFigures(
    "placement",
    [
      row("3 peers, bursts, load 0.3: parley, mean", 103, 100, false),
      row("3 peers, bursts, load 0.3: random, mean", 250, 100),
      row("3 peers, bursts, load 0.3: parley, p99", 900, 300),
      row("3 peers, bursts, load 0.3: parley beside the best of the others, mean", 1, 2, true),
    ],
    false,
    path,
  );
  await writeFigures("placement", [], false, path);
  const page = await readFile(path, "utf8");
  expect(page).not.toContain("old");
  expect(page).toContain("\n\nWords.\n\n");
  const lines = page.split("\n").filter((line) => line.startsWith("|"));
  expect(lines.map((line) => line.split("|").map((cell) => cell.trim()))).toEqual([
    ["", "mean time, times the clairvoyant's", "parley", "random", "clairvoyant", ""],
    [
      "",
      expect.stringContaining("--"),
      expect.stringContaining("-:"),
      expect.stringContaining("-:"),
      expect.stringContaining("-:"),
      "",
    ],
    ["", "3 peers, bursts, load 0.3", "**1.03**", "2.50", "100 ms", ""],
    ["", "99th percentile, times the clairvoyant's", "parley", "clairvoyant", ""],
    ["", expect.stringContaining("--"), expect.stringContaining("-:"), expect.stringContaining("-:"), ""],
    ["", "3 peers, bursts, load 0.3", "3.00", "300 ms", ""],
    ["", "", "value", "goal", "", ""],
    [
      "",
      expect.stringContaining("--"),
      expect.stringContaining("-:"),
      expect.stringContaining("-:"),
      expect.stringContaining("-:"),
      "",
    ],
    ["", "decision", "12 ms", "< 9", "**missed**", ""],
  ]);
  await expect(writeFigures("herd", [row("x", 1, null)], false, path)).rejects.toThrow("has no place for herd");
});
