import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { replayCommand } from "../../kit/simulation.ts";
import { clusterCommand } from "../command.ts";
import { FAULTS, planOf } from "../plan.ts";
import { bugsNumbered, hunt } from "../planted.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { runSeed, type Run } from "../run.ts";

/** About half a minute on one core. */
const SEEDS = 4;

/** A run as a test failure should show it. */
function describeFailure(run: Run): string | undefined {
  if (run.violation === undefined) return undefined;
  return `${run.violation.invariant}: ${run.violation.message}\n${replayCommand("cluster", run)}`;
}

describe("whole peers under simulation", () => {
  test("hold every invariant and come to order after faults of every kind", { timeout: 400_000 }, async () => {
    const seen = new Set<string>();
    let [applied, formed, stranded] = [0, 0, 0];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runSeed(seed);
      expect(describeFailure(run)).toBeUndefined();
      for (const fault of run.faults) seen.add(fault);
      applied += run.applied;
      formed += run.formedInCalm ? 1 : 0;
      stranded += run.isStranded ? 1 : 0;
    }
    // A run in which nothing happens shows nothing.
    expect(seen).toEqual(new Set(FAULTS));
    expect(applied).toBeGreaterThan(SEEDS * 100);
    expect(formed).toBeGreaterThan(SEEDS / 4);
    expect(stranded).toBeLessThan(SEEDS / 5);
  });

  test("repeat a seed exactly", { timeout: 120_000 }, async () => {
    const digests = new Set<string>();
    for (const seed of [1, 4]) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)];
      expect(second.digest).toBe(first.digest);
      expect(second.events).toBe(first.events);
      digests.add(first.digest);
    }
    expect(digests.size).toBe(2);
  });

  test("find the globals of the machine again afterwards", { timeout: 60_000 }, async () => {
    const before = [setTimeout, setImmediate, Date.now, Math.random, crypto.randomUUID, AbortSignal.timeout];
    await runSeed(1, { only: new Set() });
    expect([setTimeout, setImmediate, Date.now, Math.random, crypto.randomUUID, AbortSignal.timeout]).toEqual(before);
  });

  test("are drawn alike when a fault kind is left out", () => {
    const all = planOf(5);
    const left = new Set([...all.faults].slice(1));
    expect(planOf(5, left)).toEqual({ ...all, faults: left });
  });

  test("have one file per invariant, named after it", () => {
    const folder = new URL("../invariants/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== "index.ts");
    expect(files.length).toBeGreaterThanOrEqual(19);
    for (const file of files) {
      expect(readFileSync(new URL(file, folder), "utf8")).toContain(`const NAME = "${file.replace(/\.ts$/, "")}";`);
    }
  });
});

describe("planted bugs", () => {
  test("are caught: a sample of them", { timeout: 400_000 }, async () => {
    for (const bug of bugsNumbered([7])) {
      const { seeds } = await hunt(bug, 1, 6);
      expect({ bug: bug.name, isCaught: seeds !== undefined }).toEqual({ bug: bug.name, isCaught: true });
    }
  });

  test("are each planted once, in lines that stand in the sources", () => {
    const sourcesOf = (name = "@parley/node"): URL => new URL("src/", import.meta.resolve(`${name}/package.json`));
    for (const { name, edits } of PLANTED_BUGS) {
      for (const { of, file, search, replace } of edits) {
        const found = readFileSync(new URL(file, sourcesOf(of)), "utf8").split(search).length - 1;
        expect({ name, found }).toEqual({ name, found: 1 });
        expect(replace).not.toBe(search);
      }
    }
    expect(PLANTED_BUGS.map(({ number }) => number)).toEqual(PLANTED_BUGS.map((_, i) => i + 1));
  });
});

describe("npm run simulate -- cluster", () => {
  test("prints what it ran as JSON", { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const code = await clusterCommand(["--seeds", "1", "--from", "1", "--json"], (line) => lines.push(line));
    const report = JSON.parse(lines.join("\n")) as Record<string, unknown>;
    expect(report).toMatchObject({ simulation: "cluster", seeds: 1, violations: [] });
    expect(code).toBe(0);
  });

  test("refuses what it does not know", async () => {
    for (const args of [["--seeds", "many"], ["--seed", "1", "--faults", "gremlins"], ["--wrong"]]) {
      await expect(clusterCommand(args, () => undefined)).rejects.toBeInstanceOf(TypeError);
    }
  });
});
