import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { replayCommand } from "../../kit/simulation.ts";
import { conversationCommand } from "../command.ts";
import { bugsNumbered, hunt } from "../planted.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { FAULTS, planOf } from "../plan.ts";
import { runSeed, type Run } from "../run.ts";

/** Some seconds on one core. */
const SEEDS = 8;

/** A run as a test failure should show it. */
function describeFailure(run: Run): string | undefined {
  if (run.violation === undefined) return undefined;
  return `${run.violation.invariant}: ${run.violation.message}\n${replayCommand("conversation", run)}`;
}

describe("conversations under simulation", () => {
  test("hold every invariant while their peers and links are hurt", { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    let [answered, goneOn] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runSeed(seed);
      expect(describeFailure(run)).toBeUndefined();
      for (const fault of run.faults) seen.add(fault);
      answered += run.answered;
      goneOn += run.goneOn;
    }
    // A run in which nothing happens shows nothing.
    expect(seen.size).toBeGreaterThan(FAULTS.length / 2);
    expect(answered).toBeGreaterThan(2 * SEEDS);
    expect(goneOn).toBeGreaterThan(0);
  });

  test("repeat a seed exactly", { timeout: 60_000 }, async () => {
    const [first, second] = [await runSeed(2), await runSeed(2)];
    expect(second.digest).toBe(first.digest);
    expect(second.events).toBe(first.events);
    expect((await runSeed(3)).digest).not.toBe(first.digest);
  });

  test("are drawn alike when a fault kind is left out", () => {
    const all = planOf(5);
    const left = new Set([...all.faults].slice(1));
    expect(planOf(5, left)).toEqual({ ...all, faults: left });
  });

  test("have one file per invariant, named after it", () => {
    const folder = new URL("../invariants/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== "index.ts");
    expect(files.length).toBeGreaterThanOrEqual(9);
    for (const file of files) {
      expect(readFileSync(new URL(file, folder), "utf8")).toContain(`const NAME = "${file.replace(/\.ts$/, "")}";`);
    }
  });
});

describe("planted bugs", () => {
  test("are caught: a sample of them", { timeout: 120_000 }, async () => {
    for (const bug of bugsNumbered([11])) {
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

describe("npm run simulate -- conversation", () => {
  test("refuses what it does not know", async () => {
    for (const args of [["--seeds", "many"], ["--seed", "1", "--faults", "gremlins"], ["--wrong"]]) {
      await expect(conversationCommand(args, () => undefined)).rejects.toBeInstanceOf(TypeError);
    }
  });
});
