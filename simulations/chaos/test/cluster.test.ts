import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { checkLinearizability, readHistory } from "@parley/raft/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterChaosCommand } from "../cluster/command.ts";
import { runClusterChaos } from "../cluster/run.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chaos-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("npm run chaos -- cluster", () => {
  it("hurts whole peers for a while, which stay linearizable, and writes down what happened", async () => {
    const historyPath = join(folder, "history.jsonl");
    const { signal } = new AbortController();
    const report = await runClusterChaos({ seconds: 15, nodes: 3, seed: 3, clients: 3, historyPath, signal });
    expect(report.violations).toEqual([]);
    expect(report.operations.ok).toBeGreaterThan(90);
    expect(Object.keys(report.faults).length).toBeGreaterThan(0);
    const history = await readHistory(createInterface({ input: createReadStream(historyPath) }));
    const { ok, unknown, fail } = report.operations;
    expect(history.length).toBe(ok + unknown + fail);
    expect(checkLinearizability(history).verdict).toBe("linearizable");
  }, 300_000);

  it("finds what is not linearizable: reads of whatever a peer happens to hold", async () => {
    const { signal } = new AbortController();
    const base = { seconds: 20, nodes: 3, clients: 6, consistency: "stale", historyPath: undefined, signal } as const;
    // Real time decides whether a fault and a read meet: a run or two may see nothing.
    let found: readonly string[] = [];
    for (let seed = 5; found.length === 0 && seed < 11; seed += 1) {
      const { violations } = await runClusterChaos({ ...base, seed });
      found = violations.filter((each) => each.startsWith("linearizability: violation"));
    }
    expect(found).not.toEqual([]);
  }, 400_000);

  it("refuses a file it cannot write, and what it does not know, before anything starts", async () => {
    const interrupt = new AbortController();
    const output = { print: () => undefined, tell: () => undefined };
    for (const args of [
      ["--history", join(folder, "missing", "x.jsonl")],
      ["--seconds", "soon"],
      ["--reads", "none"],
      ["--unheard-of"],
    ]) {
      await expect(clusterChaosCommand(args, output, interrupt.signal)).rejects.toThrow(TypeError);
    }
  });
});
