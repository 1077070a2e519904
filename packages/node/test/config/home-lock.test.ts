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
    await expect(lockHome(path)).rejects.toMatchObject({ code: "port-in-use" });
    await second.release();
    expect(await readdir(folder.path)).toEqual(["peer.lock.2"]);
  });

  it("goes to exactly one of many that try at once, also when a dead one held it", async () => {
    const dead = spawn(process.execPath, ["-e", ""]);
    await once(dead, "exit");
    for (let round = 0; round < 10; round += 1) {
      const own = join(folder.path, `round-${round}`);
      await writeFile(`${own}.3`, JSON.stringify({ pid: dead.pid, started: "1" }));
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockHome(own)));
      expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
    expect(await readdir(folder.path)).toHaveLength(10);
  });

  it.runIf(process.platform === "linux")(
    "is free where its owner has died and nobody has looked after it yet",
    async () => {
      // The shell becomes a program that never asks how its child ended.
      const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
      try {
        const [line]: unknown[] = await once(parent.stdout, "data");
        const pid = Number(String(line));
        const fieldsOf = async () => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
        await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, "utf8"), { timeout: 10_000 }).toBe("sleep\n");
        process.kill(pid, "SIGKILL");
        await expect.poll(async () => (await fieldsOf())[0], { timeout: 10_000 }).toBe("Z");
        const started = (await fieldsOf())[19];
        await writeFile(`${path}.1`, JSON.stringify({ pid, started }));
        await (await lockHome(path)).release();
      } finally {
        parent.kill("SIGKILL");
        await once(parent, "exit");
      }
    },
  );

  it("goes to exactly one of many processes, again and again", async () => {
    // Each process takes the lock, writes its name, waits, and reads: it must find its own name.
    const module = new URL("../../src/config/home-lock.ts", import.meta.url).href;
    const program = `
      import { lockHome } from ${JSON.stringify(module)};
      import { readFileSync, writeFileSync } from "node:fs";
      let [taken, broken] = [0, 0];
      for (let i = 0; i < 200; i += 1) {
        const lock = await lockHome(${JSON.stringify(path)}).catch(() => undefined);
        if (lock === undefined) continue;
        taken += 1;
        writeFileSync(${JSON.stringify(join(folder.path, "owner"))}, String(process.pid));
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (readFileSync(${JSON.stringify(join(folder.path, "owner"))}, "utf8") !== String(process.pid)) broken += 1;
        await lock.release();
      }
      console.log(JSON.stringify({ taken, broken }));`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--conditions=parley-source", "--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const said = await Promise.all(
      children.map(async ({ stdout }) => {
        let text = "";
        for await (const chunk of stdout.setEncoding("utf8")) text += String(chunk);
        return JSON.parse(text) as { taken: number; broken: number };
      }),
    );
    expect(said.reduce((sum, { broken }) => sum + broken, 0)).toBe(0);
    expect(said.reduce((sum, { taken }) => sum + taken, 0)).toBeGreaterThan(50);
  });

  it.each([
    ["broken by a crash", ""],
    ["of another process with the same number", JSON.stringify({ pid: process.pid, started: "1" })],
  ])("%s is taken over", async (_name, content) => {
    await writeFile(`${path}.1`, content);
    await lockHome(path);
    expect(await readFile(`${path}.2`, "utf8")).toContain(`"pid":${process.pid}`);
  });

  it("in a folder that is not there says so", async () => {
    await expect(lockHome(join(folder.path, "no", "peer.lock"))).rejects.toMatchObject({ code: "home-unusable" });
  });
});
