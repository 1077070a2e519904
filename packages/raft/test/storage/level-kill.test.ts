import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openLevelLog } from "../../src/storage/level-log.ts";
import { allEntries, entriesFrom, entryAt } from "./support.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
const ROUNDS = 8;

/** Runs the writer until it has acknowledged `writes`, then kills it; says what it said. */
async function writeUntilKilled(folder: string, writes: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [...process.execArgv, WRITER, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length > writes) child.kill("SIGKILL");
  }
  await closed;
  return lines;
}

describe("a log on LevelDB", () => {
  it("holds every acknowledged write after kill -9, again and again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "raft-kill-"));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [opened, ...acknowledged] = await writeUntilKilled(folder, 5 + round * 23);
        expect(opened).toBe("intact");
        const [index = 0, term = 0] = (acknowledged.at(-1) ?? "").split(" ").map(Number);
        const log = await openLevelLog(folder, { trailingEntries: 10 });
        expect(log.opened).toEqual({ state: "intact" });
        expect(log.initialState().hardState.term).toBeGreaterThanOrEqual(term);
        if (log.initialState().hardState.term === term) expect(log.lastIndex()).toBe(index);
        for (const entry of allEntries(log)) expect(entry).toEqual(entryAt(entry.index, entry.term, 200));
        expect((await log.verify()).intact).toBe(true);
        await log.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** A small file system of its own; undefined, with the reason printed, where that takes rights we do not have. */
async function smallDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "raft-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true });
    console.log(`skipped: no small file system can be mounted (${error instanceof Error ? error.message : "?"})`);
    return undefined;
  }
}

describe("a log on a full disk", () => {
  it("refuses to go on, and has everything acknowledged once there is room", async ({ skip }) => {
    const folder = await smallDisk();
    if (folder === undefined) return skip("needs the right to mount a tmpfs");
    try {
      const log = await openLevelLog(join(folder, "raft"));
      let acknowledged = 0;
      const fill = async (): Promise<void> => {
        for (;;) {
          const entries = entriesFrom(acknowledged + 1, 10, 1, 1000);
          await log.write({ hardState: { term: 1, vote: 1, commit: 0 }, entries }, { sync: true });
          acknowledged += 10;
        }
      };
      await expect(fill()).rejects.toMatchObject({ code: "storage-failed" });
      await expect(log.write({ entries: entriesFrom(acknowledged + 1, 1, 1) }, { sync: true })).rejects.toMatchObject({
        code: "storage-failed",
      });
      await log.close();
      execFileSync("mount", ["-o", "remount,size=16m", folder]);
      const again = await openLevelLog(join(folder, "raft"));
      expect(again.opened).toEqual({ state: "intact" });
      expect(acknowledged).toBeGreaterThan(0);
      expect(allEntries(again).slice(0, acknowledged)).toEqual(entriesFrom(1, acknowledged, 1, 1000));
      await again.close();
    } finally {
      execFileSync("umount", [folder]);
      await rm(folder, { recursive: true });
    }
  });
});
