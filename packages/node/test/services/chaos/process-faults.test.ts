import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, temporaryFolder } from "../../support.ts";

const SCRIPT = fileURLToPath(new URL("hurt-process.ts", import.meta.url));
const HOLD_MS = 400;

/** Runs it to its end. @returns how that was, and what was written down by then, and can be later */
async function hurt(kind: string) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const notesPath = path.join(folder.path, "notes");
  const child = spawn(process.execPath, ["--conditions=parley-source", SCRIPT, notesPath, kind, String(HOLD_MS)], {
    cwd: folder.path,
    env: { ...process.env, HURT_MARK: "kept" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "exit");
  const notes = async (): Promise<readonly Record<string, unknown>[]> => {
    const lines = (await readFile(notesPath, "utf8")).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { signal: child.signalCode, notes, folder: await realpath(folder.path), notesPath };
}

describe.skipIf(process.platform === "win32")("a process that is hurt", () => {
  it("stands still, and goes on by itself", async () => {
    const { signal, notes } = await hurt("stop");
    expect(signal).toBeNull();
    const [, stood] = await notes();
    expect(stood?.["stoodStillMs"]).toBeGreaterThan(HOLD_MS / 2);
  });

  it("is killed, and started again with what it was given, in its folder, with its environment", async () => {
    const { signal, notes, folder, notesPath } = await hurt("kill");
    expect(signal).toBe("SIGKILL");
    await eventually(async () => (await notes()).length).toBe(2);
    const [before, after] = await notes();
    expect(after).toEqual({ ...before, pid: expect.any(Number) });
    expect(after?.["pid"]).not.toBe(before?.["pid"]);
    const given = [notesPath, "kill", String(HOLD_MS)];
    expect(after).toMatchObject({ given, cwd: folder, mark: "kept", execArgv: ["--conditions=parley-source"] });
  });

  it("is killed, and left to whoever starts it again", async () => {
    const { signal, notes } = await hurt("kill-alone");
    expect(signal).toBe("SIGKILL");
    expect(await notes()).toHaveLength(1);
  });
});
