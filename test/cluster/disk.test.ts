import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilUnited } from "@parley/node/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { household, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

const DISK_MB = 48;

/** Why no disk of a test's own can be mounted; undefined when one can. */
function mountedAt(folder: string): string | undefined {
  mkdirSync(folder, { recursive: true });
  const { status, stderr, error } = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", `size=${DISK_MB}m,mode=0700`, "tmpfs", folder],
    { encoding: "utf8" },
  );
  return error?.message ?? (status === 0 ? undefined : stderr.trim());
}

describe("a cluster of which one host's disk is full", () => {
  it("goes on without it, which says so, and takes it back with all that it has missed once there is room again", async (context) => {
    const house = await household({ joinSecret: SECRET });
    const disk = join(house.folder, "small-disk");
    const obstacle = mountedAt(disk);
    if (obstacle !== undefined) {
      console.warn(`skipped: a full disk, because none can be mounted (${obstacle})`);
      context.skip();
    }
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    const others = await house.addAll(2);
    const victim = await house.add({ name: "full", home: join(disk, "home") });
    const peers = [...others, victim];
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    await putUntilDone(victim, "before", "kept");

    const filler = join(disk, "filler");
    expect(() => writeFileSync(filler, new Uint8Array((DISK_MB + 1) * 1024 * 1024))).toThrow("ENOSPC");
    const [one, other] = others;
    if (one === undefined || other === undefined) throw new Error("two");
    for (let i = 0; i < 30; i += 1) await putUntilDone(i % 2 === 0 ? one : other, `full/${i}`, "x".repeat(4_000));
    expect(await valueAt(other, "before")).toBe("kept");
    expect(one.crash).toBeUndefined();
    expect(other.crash).toBeUndefined();
    await until(async () => typeof (await victim.status())["trouble"] === "string", "it says why", { peers: [victim] });
    expect((await fetch(`${victim.introduction.url}/health`)).ok).toBe(true);

    rmSync(filler);
    // Nobody has to start it again.
    await untilUnited(peers, { voters: 3 });
    for (let i = 0; i < 30; i += 1) expect(await valueAt(victim, `full/${i}`)).toBe("x".repeat(4_000));
  }, 120_000);
});
