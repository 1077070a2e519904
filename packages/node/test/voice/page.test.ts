import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writePage, type MeasuredPart } from "../../bench/voice/page.ts";
import { temporaryFolder } from "../support.ts";

function part(name: string, metric: string, value: number): MeasuredPart {
  const row = { metric, value, unit: "ms", baseline: null, ratio: null, goal: "< 10", met: value < 10 };
  return { name, rows: [row], isQuick: true, load: [1, 2] };
}

it("a part that is measured anew takes its own place on the page of the voice, and nobody else's", async () => {
  const folder = await temporaryFolder();
  try {
    const path = join(folder.path, "VOICE.md");
    await writePage([part("latency", "wait", 5), part("something-new", "much", 7)], path);
    await writePage([part("frames", "found", 3)], path);
    await writePage([part("latency", "wait", 50), { ...part("frames", "", 0), rows: [] }], path);
    const page = await readFile(path, "utf8");
    const parts = [...page.matchAll(/^<!-- part: (?<name>[a-z-]+) -->$/gmu)].map(({ groups }) => groups?.["name"]);
    expect(parts).toEqual(["frames", "latency", "something-new"]);
    const rows = page.split("\n").filter((line) => /^\| [a-z]/u.test(line));
    expect(rows.map((line) => line.split("|").map((cell) => cell.trim()))).toEqual([
      ["", "found", "3 ms", "", "", "< 10", "met", ""],
      ["", "wait", "50 ms", "", "", "< 10", "**missed**", ""],
      ["", "much", "7 ms", "", "", "< 10", "met", ""],
    ]);
  } finally {
    await folder.remove();
  }
});
