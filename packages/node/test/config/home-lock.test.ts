import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockHome } from "../../src/config/index.ts";
import { temporaryFolder } from "../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "peer.lock");
});
afterEach(() => folder.remove());

describe("the lock of a home", () => {
  it("is held by one, and free again once released", async () => {
    const first = await lockHome(path);
    await expect(lockHome(path)).rejects.toMatchObject({ code: "port-in-use", details: { pid: process.pid } });
    await first.release();
    const second = await lockHome(path);
    // A late second release of the first must not let go of the second's lock.
    await first.release();
    await expect(lockHome(path)).rejects.toMatchObject({ code: "port-in-use" });
    await second.release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("goes to exactly one of many that try at once, also when a dead one held it", async () => {
    const dead = spawn(process.execPath, ["-e", ""]);
    await once(dead, "exit");
    await writeFile(path, JSON.stringify({ pid: dead.pid, started: "1", token: "dead" }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockHome(path)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder.path)).toEqual(["peer.lock"]);
  });

  it.each([
    ["broken by a crash", ""],
    ["of another process with the same number", JSON.stringify({ pid: process.pid, started: "1", token: "old" })],
  ])("%s is taken over", async (_name, content) => {
    await writeFile(path, content);
    await lockHome(path);
    expect(await readFile(path, "utf8")).toContain(`"pid":${process.pid}`);
  });

  it("in a folder that is not there says so", async () => {
    await expect(lockHome(join(folder.path, "no", "peer.lock"))).rejects.toMatchObject({ code: "home-unusable" });
  });
});
