import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { extentOf } from "../../kit/command.ts";
import { raftCommand } from "../command.ts";
import { FAULTS, planOf } from "../plan.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { runSeed, type Run } from "../run.ts";
import { replayCommand } from "../../kit/simulation.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** About twenty seconds on one core; CI tries others beside them. */
const SEEDS = 150;

/** A run as a test failure should show it. */
function describeFailure(run: Run): string | undefined {
  if (run.violation === undefined) return undefined;
  return `${run.violation.invariant}: ${run.violation.message}\n${replayCommand("raft", run)}`;
}

function simulate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=parley-source", MAIN, "raft", ...args],
    { encoding: "utf8", maxBuffer: 256 * 2 ** 20 },
  );
  return { status, stdout, stderr };
}

describe("the shipped driver, log and core under simulation", () => {
  test("holds every invariant and gets going again after faults of every kind", { timeout: 300_000 }, async () => {
    const seen = new Set<string>();
    let [committed, configurations, stranded] = [0, 0, 0];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runSeed(seed);
      expect(describeFailure(run)).toBeUndefined();
      for (const fault of run.faults) seen.add(fault);
      committed += run.committed;
      configurations += run.configurations;
      stranded += run.isStranded ? 1 : 0;
    }
    // A run in which nothing happens shows nothing.
    expect(seen).toEqual(new Set(FAULTS));
    expect(committed).toBeGreaterThan(SEEDS * 20);
    expect(configurations).toBeGreaterThan(SEEDS * 2);
    // Nor does one in which too many logs are in doubt for anybody to be elected.
    expect(stranded).toBeLessThan(SEEDS / 20);
  });

  test("repeats a seed exactly, also in another process", { timeout: 120_000 }, async () => {
    const digests = new Set<string>();
    for (let seed = 100; seed < 110; seed += 1) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)];
      expect(second.digest).toBe(first.digest);
      expect(second.events).toBe(first.events);
      digests.add(first.digest);
    }
    expect(digests.size).toBe(10);
    const traces = [simulate("--seed", "100", "--trace"), simulate("--seed", "100", "--trace")];
    expect(traces[0]?.stdout).toBe(traces[1]?.stdout);
    expect(traces[0]?.stdout).toContain(`"digest":"${(await runSeed(100)).digest}"`);
  });

  test("leaving a fault kind out changes nothing of how the rest is drawn", () => {
    const all = planOf(5);
    const fewer = planOf(5, new Set([...all.faults].slice(1)));
    const drawn = { faults: 0, limitsOf: 0, storeOf: 0 };
    expect({ ...fewer, ...drawn }).toEqual({ ...all, ...drawn });
    expect([fewer.limitsOf(3), fewer.storeOf(3)]).toEqual([all.limitsOf(3), all.storeOf(3)]);
    expect(fewer.faults.size).toBe(all.faults.size - 1);
  });

  test("has one file per invariant, named after it", () => {
    const folder = new URL("../invariants/", import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== "index.ts");
    expect(files.length).toBeGreaterThanOrEqual(15);
    for (const file of files) {
      expect(readFileSync(new URL(file, folder), "utf8")).toContain(`const NAME = "${file.replace(/\.ts$/, "")}";`);
    }
  });
});

describe("planted bugs", () => {
  test("are caught: a sample of them", { timeout: 300_000 }, () => {
    const sample = [4, 10, 19, 26, 106, 147, 167];
    const { status, stdout } = simulate("--planted", "--bugs", sample.join(), "--seeds", "1000", "--json");
    const caught = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { number: number; seeds: number | null });
    expect(caught.filter(({ seeds }) => seeds === null)).toEqual([]);
    expect(caught.map(({ number }) => number)).toEqual(sample);
    expect(status).toBe(0);
  });

  test("are each planted once, in lines that stand in the sources", () => {
    const sources = new URL("src/", import.meta.resolve("@parley/raft/package.json"));
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

describe("npm run simulate -- raft", () => {
  test("prints what it ran as JSON", () => {
    const { status, stdout } = simulate("--seeds", "3", "--from", "40", "--json");
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ simulation: "raft", seeds: 3, violations: [] });
    expect(Object.keys(report)).toEqual([
      "simulation",
      "seeds",
      "events",
      "virtualHoursPerCpuHour",
      "faults",
      "violations",
    ]);
    expect(status).toBe(0);
  });

  test("refuses what it does not know, with usage and exit code 2", () => {
    const { status, stderr } = simulate("--wrong");
    expect(stderr).toContain("usage: npm run simulate");
    expect(status).toBe(2);
  });

  test.each([
    "--seeds many",
    "--seeds 0",
    "--minutes 0",
    "--seed abc",
    "--seed 1.5",
    "--seed 1 --faults gremlins",
    "--planted --bugs 9999",
    "--planted --bugs abc",
    "--bugs 1",
  ])("refuses %s", async (line) => {
    await expect(raftCommand(line.split(" "), () => undefined)).rejects.toThrow(TypeError);
  });

  test("goes on until the minutes it is given are over when no number of seeds is given", () => {
    expect(extentOf({ minutes: "2" }, 1000)).toEqual({ seeds: Infinity, minutes: 2 });
    expect(extentOf({ minutes: "2", seeds: "5" }, 1000)).toEqual({ seeds: 5, minutes: 2 });
    expect(extentOf({}, 1000)).toEqual({ seeds: 1000, minutes: Infinity });
  });

  test("removes the copy of a planted bug on Ctrl-C", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "simulate-test-"));
    const copies = (): string[] => readdirSync(folder).filter((name) => name.startsWith("parley-planted-"));
    const child = spawn(process.execPath, [...process.execArgv, MAIN, "raft", "--planted"], {
      env: { ...process.env, TMPDIR: folder },
      stdio: "ignore",
    });
    try {
      const ended = once(child, "exit");
      await expect.poll(copies, { timeout: 30_000 }).toHaveLength(1);
      child.kill("SIGINT");
      expect(await ended).toEqual([null, "SIGINT"]);
      expect(copies()).toEqual([]);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
