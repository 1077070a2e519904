import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { checkLinearizability, readHistory } from "@parley/raft/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chaosCommand } from "../command.ts";
import type { ChaosReport } from "../report.ts";
import { runChaos } from "../run.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chaos-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Starts the command, with a temporary folder of its own to see what it leaves there. */
function chaos(...args: readonly string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, [...process.execArgv, MAIN, "raft", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
}

async function textOf(stream: AsyncIterable<Buffer> | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += chunk.toString();
  return text;
}

describe("npm run chaos -- raft", () => {
  it("hurts a cluster for ten seconds, which stays linearizable, and writes down what happened", async () => {
    const path = join(folder, "history.jsonl");
    const child = chaos("--seconds", "10", "--seed", "3", "--clients", "4", "--history", path, "--json");
    const closed = once(child, "close");
    const [out, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    const [code] = await closed;
    expect({ code, errors: code === 0 ? "" : errors }).toEqual({ code: 0, errors: "" });
    const report: ChaosReport = JSON.parse(out);
    expect(report.violations).toEqual([]);
    expect(report.operations.ok).toBeGreaterThan(100);
    expect(Object.keys(report.faults).length).toBeGreaterThan(2);

    const history = await readHistory(createInterface({ input: createReadStream(path) }));
    const { ok, unknown, fail } = report.operations;
    expect(history.length).toBe(ok + unknown + fail);
    expect(history.filter((each) => each.unknown).length).toBe(unknown);
    expect(checkLinearizability(history).verdict).toBe("linearizable");
    const values = history.filter(({ op }) => op !== "get").map(({ value }) => value);
    expect(new Set(values).size).toBe(values.length);
    expect(await readdir(folder)).toEqual(["history.jsonl"]);
  }, 120_000);

  it("finds what is not linearizable: reads of whatever a node happens to hold", async () => {
    const { signal } = new AbortController();
    const base = {
      seconds: 15,
      nodes: 3,
      clients: 6,
      from: "sources",
      historyPath: undefined,
      signal,
    } as const;
    // Real time decides whether a fault and a read meet: a run or two may see nothing.
    let found: readonly string[] = [];
    for (let seed = 5; found.length === 0 && seed < 11; seed += 1) {
      const { violations } = await runChaos({ ...base, seed, consistency: "stale" });
      found = violations.filter((each) => each.startsWith("linearizability: violation"));
    }
    expect(found).not.toEqual([]);
  }, 240_000);

  it("ends in order when it is interrupted, and leaves nothing behind", async () => {
    const child = chaos("--seconds", "600");
    const closed = once(child, "close");
    // Its first word on how it goes: nodes and clients are at work.
    await once(child.stderr ?? child, "data");
    child.kill("SIGINT");
    const [code] = await closed;
    expect(code).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  }, 120_000);

  it("says how it is used when it is not used so", async () => {
    for (const args of [["--seconds", "soon"], ["--from", "nowhere"], ["--unheard-of"]]) {
      const child = chaos(...args);
      const closed = once(child, "close");
      expect(await textOf(child.stderr)).toContain("usage: npm run chaos -- raft");
      expect((await closed)[0]).toBe(2);
    }
  });
});

describe("npm run chaos -- raft --history", () => {
  it("refuses a file it cannot write before anything starts", async () => {
    const history = join(folder, "missing", "x.jsonl");
    const interrupt = new AbortController();
    const output = { print: () => undefined, tell: () => undefined };
    await expect(chaosCommand(["--history", history], output, interrupt.signal)).rejects.toThrow(TypeError);
  });
});
