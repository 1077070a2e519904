import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const OWNER = fileURLToPath(new URL("./owner.ts", import.meta.url));

interface Said {
  readonly pids: readonly number[];
  readonly folder: string;
}

async function firstLine(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk.toString();
    if (text.includes("\n")) break;
  }
  return text;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // Nobody has that number.
    return false;
  }
}

describe("when whoever started a cluster dies", () => {
  it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
    "of %s, nothing of it stays behind, not even a stopped process",
    async (signal) => {
      const owner = spawn(process.execPath, [...process.execArgv, OWNER], { stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(owner, "exit");
      const { pids, folder }: Said = JSON.parse(await firstLine(owner.stdout));
      expect(pids.length).toBe(3);
      expect(pids.every(isAlive) && existsSync(folder)).toBe(true);
      owner.kill(signal);
      await exited;
      while (pids.some(isAlive) || existsSync(folder)) await delay(20);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );
});
