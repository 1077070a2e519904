import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { outboxFileAt } from "../../../src/cluster/outbox/file.ts";
import { Outbox } from "../../../src/cluster/outbox/outbox.ts";
import { temporaryFolder } from "../../support.ts";
import { keysIn, putOf, silent } from "./support.ts";

const WRITER = fileURLToPath(new URL("writer.ts", import.meta.url));

async function folder(): Promise<string> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  return path;
}

/** What a process said before it was killed, in the middle of whatever it did. */
async function killedAfter(lines: number, path: string, life: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--conditions=parley-source", WRITER, path, `${life}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    if (said.length === lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  return said;
}

describe("an outbox on a disk", () => {
  it("holds all that was acknowledged, in order, through one kill -9 after the other", async () => {
    const path = join(await folder(), "waiting.log");
    const acknowledged: string[] = [];
    for (const [life, lines] of [50, 7, 120, 1].entries()) {
      for (const line of await killedAfter(lines, path, life)) {
        if (!line.startsWith("settled")) acknowledged.push(line);
      }
      const outbox = await Outbox.open({ file: outboxFileAt(path), log: silent });
      const held = keysIn(outbox);
      await outbox.close();
      // The oldest may have been delivered; what came in the last moment may be there without having been acknowledged.
      const from = held[0] === undefined ? -1 : acknowledged.indexOf(held[0]);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(held.slice(0, acknowledged.length - from)).toEqual(acknowledged.slice(from));
      expect(held.length - (acknowledged.length - from)).toBeLessThanOrEqual(2 * 3);
      acknowledged.push(...held.slice(acknowledged.length - from));
    }
  });

  it("is its owner's only, and shrinks when all is delivered", async () => {
    const path = join(await folder(), "waiting.log");
    const outbox = await Outbox.open({ file: outboxFileAt(path), log: silent });
    const large = new Uint8Array(200_000);
    for (let i = 0; i < 10; i += 1) await outbox.submit({ type: "put", key: `k${i}`, value: large });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(path)).size).toBeGreaterThan(2_000_000);
    for (const { sequence } of outbox.waiting) await outbox.settle([[sequence, { outcome: "done", value: 0 }]]);
    expect((await stat(path)).size).toBeLessThan(300_000);
    await outbox.submit(putOf("next"));
    await outbox.close();
    expect(keysIn(await Outbox.open({ file: outboxFileAt(path), log: silent }))).toEqual(["next"]);
  });

  it("that cannot be read is set aside for a person to look at, and another box begins", async () => {
    const path = join(await folder(), "waiting.log");
    await writeFile(path, "no outbox");
    const outbox = await Outbox.open({ file: outboxFileAt(path), log: silent });
    expect(outbox.load.count).toBe(0);
    await outbox.submit(putOf("a"));
    await outbox.close();
    expect((await readFile(path)).includes("no outbox")).toBe(false);
    expect(await readFile(`${path}.damaged`, "utf8")).toBe("no outbox");
  });

  it("that is full says so, keeps what it has, and goes on when there is room", async (context) => {
    const disk = await folder();
    const { status, error } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", disk]);
    if (status !== 0) {
      console.warn(`skipped: a full disk, because none can be mounted (${error?.message ?? `mount says ${status}`})`);
      return context.skip();
    }
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    const path = join(disk, "waiting.log");
    const outbox = await Outbox.open({ file: outboxFileAt(path), log: silent });
    const kept: string[] = [];
    const fillUp = async (): Promise<void> => {
      for (let i = 0; ; i += 1) {
        await outbox.submit({ type: "put", key: `k${i}`, value: new Uint8Array(10_000) });
        kept.push(`k${i}`);
      }
    };
    await expect(fillUp()).rejects.toMatchObject({ code: "disk-full" });
    expect(kept.length).toBeGreaterThan(10);
    // A settled one cannot be written down either, and does no harm.
    await outbox.settle([[outbox.waiting[0]?.sequence ?? 0, { outcome: "done", value: 0 }]]);
    spawnSync("mount", ["-o", "remount,size=2m", disk]);
    await outbox.submit(putOf("more"));
    await outbox.close();
    const held = keysIn(await Outbox.open({ file: outboxFileAt(path), log: silent }));
    expect(held.filter((key) => key !== "k0")).toEqual([...kept.slice(1), "more"]);
  });
});
