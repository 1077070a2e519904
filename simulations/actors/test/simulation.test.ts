import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { actorsCommand } from "../command.ts";
import { SHIPPED } from "../library.ts";
import { FAULTS, planOf } from "../plan.ts";
import { bugsNumbered, hunt } from "../planted.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { runSeed, type Run } from "../run.ts";
import { replayCommand } from "../../kit/simulation.ts";

/** About a quarter of a minute on one core. */
const SEEDS = 12;

/** A run as a test failure should show it. */
function describeFailure(run: Run): string | undefined {
  if (run.violation === undefined) return undefined;
  return `${run.violation.invariant}: ${run.violation.message}\n${replayCommand("actors", run)}`;
}

describe("the shipped actors under simulation", () => {
  test("hold every invariant and settle after faults of every kind", { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    let handled = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runSeed(seed);
      expect(describeFailure(run)).toBeUndefined();
      for (const fault of run.faults) seen.add(fault);
      handled += run.handled;
    }
    // A run in which nothing happens shows nothing.
    expect(seen).toEqual(new Set(FAULTS));
    expect(handled).toBeGreaterThan(SEEDS * 100);
  });

  test("repeat a seed exactly", { timeout: 60_000 }, async () => {
    const digests = new Set<string>();
    for (let seed = 100; seed < 104; seed += 1) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)];
      expect(second.digest).toBe(first.digest);
      expect(second.events).toBe(first.events);
      digests.add(first.digest);
    }
    expect(digests.size).toBe(4);
  });

  test("leaving a fault kind out changes nothing of how the rest is drawn", () => {
    const all = planOf(5);
    const left = [...all.faults].slice(1);
    const { mailboxOf: fewerMailboxes, ...fewer } = planOf(5, new Set(left));
    const { mailboxOf: allMailboxes, ...rest } = all;
    expect(fewer).toEqual({ ...rest, faults: new Set(left) });
    expect(fewerMailboxes(1)).toEqual(allMailboxes(1));
  });

  test("have one file per invariant, named after it", () => {
    const folder = new URL("../invariants/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== "index.ts");
    expect(files.length).toBeGreaterThanOrEqual(12);
    for (const file of files) {
      expect(readFileSync(new URL(file, folder), "utf8")).toContain(`const NAME = "${file.replace(/\.ts$/, "")}";`);
    }
  });
});

describe("a sink whose fence admits everybody", () => {
  test("is found out", { timeout: 60_000 }, async () => {
    class OpenGate extends SHIPPED.actors.Fence {
      override admit(): undefined {
        return undefined;
      }
    }
    const library = { ...SHIPPED, actors: { ...SHIPPED.actors, Fence: OpenGate } };
    const found: string[] = [];
    for (let seed = 1; seed <= 40 && found.length === 0; seed += 1) {
      const { violation } = await runSeed(seed, { library });
      if (violation !== undefined) found.push(violation.invariant);
    }
    expect(found).toEqual([expect.stringMatching(/^stale-(epochs|terms)-are-refused$/)]);
  });
});

describe("planted bugs", () => {
  test("are caught: a sample of them", { timeout: 120_000 }, async () => {
    for (const bug of bugsNumbered([1, 8, 39])) {
      const { seeds } = await hunt(bug, 1, 10);
      expect({ bug: bug.name, isCaught: seeds !== undefined }).toEqual({ bug: bug.name, isCaught: true });
    }
  });

  test("are each planted once, in lines that stand in the sources", () => {
    const sources = new URL("src/", import.meta.resolve("@parley/actors/package.json"));
    for (const { name, edits } of PLANTED_BUGS) {
      for (const { file, search, replace } of edits) {
        const found = readFileSync(new URL(file, sources), "utf8").split(search).length - 1;
        expect({ name, found }).toEqual({ name, found: 1 });
        expect(replace).not.toBe(search);
      }
    }
    expect(new Set(PLANTED_BUGS.map(({ number }) => number)).size).toBe(PLANTED_BUGS.length);
  });
});

describe("npm run simulate -- actors", () => {
  test("prints what it ran as JSON", async () => {
    const lines: string[] = [];
    const code = await actorsCommand(["--seeds", "1", "--from", "40", "--json"], (line) => lines.push(line));
    const report = JSON.parse(lines.join("\n")) as Record<string, unknown>;
    expect(report).toMatchObject({ simulation: "actors", seeds: 1, violations: [] });
    expect(code).toBe(0);
  });

  test("replays one seed, event by event", async () => {
    const lines: string[] = [];
    expect(await actorsCommand(["--seed", "40", "--faults", "none", "--trace"], (line) => lines.push(line))).toBe(0);
    expect(lines.at(-1)).toContain('"violation":null');
    expect(lines.filter((line) => line.includes(" handled ")).length).toBeGreaterThan(10);
  });

  test("refuses what it does not know", async () => {
    for (const args of [["--seeds", "many"], ["--seed", "1", "--faults", "gremlins"], ["--wrong"]]) {
      await expect(actorsCommand(args, () => undefined)).rejects.toBeInstanceOf(TypeError);
    }
  });
});
