import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatReport } from "../../tools/bench/table.ts";
import type { BenchReport } from "../../tools/bench/types.ts";
import { ROOT, run, type Ended } from "./mini-house.ts";

const REPORT: BenchReport = {
  bench: "demo",
  rows: [
    { metric: "overhead p95", value: 12.345, unit: "ms", baseline: null, ratio: null, goal: "<= 30", met: true },
    { metric: "STT real-time factor", value: 0.0812, unit: "x", baseline: 0.08, ratio: 1.015, goal: 0.05, met: false },
    { metric: "RSS", value: 1351.4, unit: "MB", baseline: null, ratio: null, goal: null, met: null },
  ],
};

describe("a bench's table", () => {
  it("is aligned, rounds to what is worth reading, and names each missed goal", () => {
    expect(formatReport(REPORT).split("\n")).toEqual([
      "bench demo",
      "metric                   value  baseline  ratio   goal",
      "overhead p95           12.3 ms         -      -  <= 30     met",
      "STT real-time factor  0.0812 x    0.08 x  1.01x   0.05  MISSED",
      "RSS                    1351 MB         -      -      -",
      "missed: STT real-time factor is 0.0812 x, the goal is 0.05",
    ]);
  });
});

describe("npm run bench", () => {
  let root: string;
  const bench = (...args: readonly string[]): Promise<Ended> =>
    run(process.execPath, ["tools/bench/main.ts", ...args], { cwd: root });
  const write = (name: string, text: string): void => {
    mkdirSync(join(root, "packages/one/bench"), { recursive: true });
    writeFileSync(join(root, `packages/one/bench/${name}.bench.ts`), text);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "parley-bench-"));
    writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
    cpSync(join(ROOT, "tools/bench"), join(root, "tools/bench"), { recursive: true });
    write(
      "demo",
      `export default async (args) => {
        console.log("chatter", ...args);
        return ${JSON.stringify(REPORT)};
      };`,
    );
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it.each([
    `import { parseArgs } from "node:util"; export default async (args) => parseArgs({ args });`,
    `export default async ([arg]) => { throw Object.assign(new Error("not " + arg), { name: "UsageError" }); };`,
  ])("says in one line which argument a bench does not take: %s", async (source) => {
    write("strict", source);
    const { code, stderr } = await bench("strict", "--bogus");
    expect(stderr).toMatch(/^bench strict refuses its arguments: [^\n]*--bogus[^\n]*\n$/);
    expect(code).toBe(2);
  });

  it("lists the benches", async () => {
    write("other", "");
    const { code, stdout } = await bench();
    expect(stdout).toContain("  demo  (packages/one/bench/demo.bench.ts)\n  other  (");
    expect(code).toBe(0);
  });

  it("prints exactly one object with --json, whatever the bench prints itself", async () => {
    const { code, stdout, stderr } = await bench("demo", "--json", "--rounds", "3");
    expect(JSON.parse(stdout)).toEqual(REPORT);
    expect(stderr).toContain("chatter --rounds 3");
    expect(code).toBe(0);
  });

  it("prints the table without it", async () => {
    expect((await bench("demo")).stdout).toBe(`${formatReport(REPORT)}\n`);
  });

  it("refuses an unknown name with the list of those there are", async () => {
    const { code, stdout, stderr } = await bench("nope", "--json");
    expect(stderr).toMatch(/there is no bench "nope"\nbenches:\n {2}demo/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  describe("with several parts", () => {
    const several = (withinMs?: number): void =>
      write(
        "several",
        `import { runParts } from "../../../tools/bench/parts.ts";
        const row = (metric, value) => ({ metric, value, unit: "ms", baseline: null, ratio: null, goal: null, met: null });
        export default (args) => runParts("several", {
          async *first() { yield row("one", 1); },
          async *broken() { yield row("half", 2); throw new Error("the cable is gone"); },
          async *empty() { yield row("the largest of none", Math.max()); },
          async *endless() { if (${withinMs !== undefined}) { setInterval(() => {}, 1000); await new Promise(() => {}); } },
          async *last() { yield row("three", 3); },
        }, args, ${withinMs});`,
      );
    const metrics = ({ stdout }: Ended): readonly string[] =>
      (JSON.parse(stdout) as BenchReport).rows.map(({ metric }) => metric);

    it("measures the others when one fails, says why it did, and fails", async () => {
      several();
      const ended = await bench("several", "--json");
      expect(metrics(ended)).toEqual(["one", "half", "three"]);
      expect(Object.keys(JSON.parse(ended.stdout) as object)).toEqual(["bench", "rows"]);
      expect(ended.stderr).toContain("bench several could not measure broken: the cable is gone\n");
      expect(ended.stderr).toContain("bench several could not measure empty: the largest of none gave no value\n");
      expect(ended.code).toBe(1);
    });

    it("goes on, and ends, when one does not end", async () => {
      several(200);
      const ended = await bench("several", "--json");
      expect(metrics(ended)).toEqual(["one", "half", "three"]);
      expect(ended.stderr).toContain("bench several could not measure endless: did not end within 0.2 s\n");
      expect(ended.code).toBe(1);
    });

    it("runs those that it is told to, and tells how far it is on stderr", async () => {
      several();
      const ended = await bench("several", "last", "first", "--json");
      expect(metrics(ended)).toEqual(["one", "three"]);
      expect(ended.stderr).toMatch(/^first:\n {2}one: 1 ms\nfirst took [\d.]+ s\nlast:\n {2}three: 3 ms\n/);
      expect(ended.code).toBe(0);
      const unknown = await bench("several", "second", "--json");
      expect(unknown).toMatchObject({ code: 2, stdout: "" });
      expect(unknown.stderr).toContain("no part is called second: first, broken, empty, endless, last");
    });
  });

  it("fails when a bench fails or does not report", async () => {
    write("broken", `export default async () => { throw new Error("the engine is gone"); };`);
    write("mute", `export default async () => ({ bench: "mute", rows: [{ metric: "half a row" }] });`);
    const [broken, mute] = [await bench("broken", "--json"), await bench("mute")];
    expect(broken).toMatchObject({ code: 1, stdout: "" });
    expect(broken.stderr).toContain("bench broken failed: Error: the engine is gone");
    expect(mute).toMatchObject({ code: 1, stdout: "" });
    expect(mute.stderr).toContain("tools/bench/types.ts");
  });
});
