import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { replayCommand } from "../../kit/simulation.ts";
import { routingCommand } from "../command.ts";
import { OTHERS, play, shipped } from "../compare.ts";
import { FAULTS, planOf } from "../plan.ts";
import { bugsNumbered, hunt } from "../planted.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { runSeed, type Run } from "../run.ts";

/** About two seconds on one core. */
const SEEDS = 15;

/** A run as a test failure should show it. */
function describeFailure(run: Run): string | undefined {
  if (run.violation === undefined) return undefined;
  return `${run.violation.invariant}: ${run.violation.message}\n${replayCommand("routing", run)}`;
}

describe("the shipped router under simulation", () => {
  test("holds every invariant, with faults of every kind and without", { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    let [done, calm] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runSeed(seed);
      expect(describeFailure(run)).toBeUndefined();
      for (const fault of run.faults) seen.add(fault);
      if (run.faults.length === 0) calm += 1;
      done += run.done;
    }
    expect(seen).toEqual(new Set(FAULTS));
    // How good the placement is shows where nothing fails.
    expect(calm).toBeGreaterThan(5);
    expect(done).toBeGreaterThan(SEEDS * 200);
  });

  test("repeats a seed exactly", async () => {
    const [first, second, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
    expect(second).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
  });

  test("leaving a fault kind out changes nothing of how the rest is drawn", () => {
    const all = planOf(5);
    const left = [...all.faults].slice(1);
    expect(all.faults.size).toBeGreaterThan(1);
    expect(planOf(5, new Set(left))).toEqual({ ...all, faults: new Set(left) });
  });

  test("is far nearer to knowing everything than those that go by load alone", { timeout: 60_000 }, () => {
    const scene = { seed: 3, hosts: 12, load: 0.6, arrivals: "bursts", durationMs: 8_000 } as const;
    const best = play(scene, make("clairvoyant")).meanMs;
    expect(play(scene, shipped()).meanMs).toBeLessThan(best * 1.15);
    for (const other of ["random", "round-robin", "least-loaded", "two choices"]) {
      expect(play(scene, make(other)).meanMs).toBeGreaterThan(best * 1.25);
    }
  });

  test("has one file per invariant, named after it", () => {
    const folder = new URL("../invariants/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== "index.ts");
    expect(files.length).toBeGreaterThanOrEqual(8);
    for (const file of files) {
      expect(readFileSync(new URL(file, folder), "utf8")).toContain(`const NAME = "${file.replace(/\.ts$/, "")}";`);
    }
  });
});

function make(name: string): (typeof OTHERS)[string] {
  const found = OTHERS[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

describe("planted bugs", () => {
  test("are caught: privacy, queues and breakers among them", { timeout: 120_000 }, async () => {
    for (const bug of bugsNumbered([1, 3, 4])) {
      const { seeds } = await hunt(bug, 1, 25);
      expect({ bug: bug.name, isCaught: seeds !== undefined }).toEqual({ bug: bug.name, isCaught: true });
    }
  });

  test("are each planted once, in lines that stand in the sources", () => {
    const sources = new URL("src/", import.meta.resolve("@parley/node/package.json"));
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

describe("npm run simulate -- routing", () => {
  test("prints what it ran as JSON", async () => {
    const lines: string[] = [];
    const code = await routingCommand(["--seeds", "2", "--json"], (line) => lines.push(line));
    expect(JSON.parse(lines.join("\n"))).toMatchObject({ simulation: "routing", seeds: 2, violations: [] });
    expect(code).toBe(0);
  });

  test("replays one seed, job by job", async () => {
    const lines: string[] = [];
    expect(await routingCommand(["--seed", "3", "--faults", "none", "--trace"], (line) => lines.push(line))).toBe(0);
    expect(lines.filter((line) => line.includes(" ended done ")).length).toBeGreaterThan(100);
    expect(lines.at(-1)).toContain('"violation":null');
  });
});
