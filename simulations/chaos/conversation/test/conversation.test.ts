import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { conversationChaosCommand } from "../command.ts";
import type { ConversationReport } from "../report.ts";
import { scheduleIn } from "../read-schedule.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "conversation-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** @returns the report; what it told on the way is in the error of a test that fails */
async function chaos(
  ...args: readonly string[]
): Promise<{ readonly report: ConversationReport; readonly code: number }> {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const output = { print: (line: string) => void lines.push(line), tell: () => undefined };
  const code = await conversationChaosCommand([...args, "--json"], output, signal);
  return { report: JSON.parse(lines.join("")) as ConversationReport, code };
}

describe("npm run chaos -- conversation", () => {
  it("hurts peers in the midst of turns, says what came of each, and writes out what can be done again", async () => {
    const path = join(folder, "schedule.json");
    const { report, code } = await chaos("--seed", "11", "--turns", "18", "--write-schedule", path);
    expect(report.violations).toEqual([]);
    expect(code).toBe(0);
    expect(report.turns).toBe(18);
    const landed = report.faults.filter((fault) => fault.landed);
    expect(landed.length).toBeGreaterThan(report.faults.length / 2);
    expect(new Set(landed.map(({ moment }) => moment)).size).toBeGreaterThan(1);
    expect(scheduleIn(await readFile(path, "utf8"))).toEqual(report.schedule);
  }, 600_000);

  it("refuses what it does not know or cannot do before anything starts", async () => {
    const { signal } = new AbortController();
    const output = { print: () => undefined, tell: () => undefined };
    for (const args of [
      ["--only", "rain"],
      ["--turns", "many"],
      ["--nodes", "2"],
      ["--schedule", join(folder, "missing.json")],
      ["--history", join(folder, "missing", "x.jsonl")],
      ["--only", "partition"],
      ["--engines", "imagined"],
    ]) {
      await expect(conversationChaosCommand(args, output, signal)).rejects.toThrow(TypeError);
    }
  });
});
