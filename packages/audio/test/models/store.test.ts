import { mkdir, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileBytes } from "../../src/models/fetch/disk.ts";
import type { FetchProgress, ModelEntry } from "../../src/models/index.ts";
import { createModelStore } from "../../src/models/index.ts";
import { entryOf, httpsSource, noise, sha256, storeOf, temporaryFolder } from "./support/models.ts";
import {
  answering,
  changedTo,
  cuttingAfter,
  honestly,
  stallingAfter,
  startUnrulyServer,
} from "./support/unruly-server.ts";

const MODEL = noise(200_000);
const TOKENS = Buffer.from("a 0\nb 1\n");
const FILES = { "model.onnx": MODEL, "lang/tokens.txt": TOKENS };

/** Puts files where an owner would. */
async function place(folder: string, files: Readonly<Record<string, Buffer>> = FILES): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** An entry whose https source is a server made for the test. */
async function served(
  name = "tiny",
): Promise<{ entry: ModelEntry; server: Awaited<ReturnType<typeof startUnrulyServer>> }> {
  const server = await startUnrulyServer();
  const source = httpsSource({
    "model.onnx": server.serve("/model.onnx", MODEL, honestly()),
    "lang/tokens.txt": server.serve("/tokens.txt", TOKENS, honestly()),
  });
  return { entry: entryOf(name, FILES, [source]), server };
}

describe("finding", () => {
  test.each(["tiny", "stt/tiny", "whatever/tiny"])("sees a model in %s of an owner's folder", async (where) => {
    const folder = await temporaryFolder();
    await place(join(folder, where));
    const store = await storeOf([entryOf("tiny", FILES)], { folders: [folder] });
    expect(await store.find("tiny")).toMatchObject({ folder: join(folder, where), origin: "folder" });
    expect(await store.downloadBytes("tiny")).toBe(0);
  });

  test("sees a model under another name the entry allows", async () => {
    const folder = await temporaryFolder();
    await place(join(folder, "wake/all-heads"));
    const store = await storeOf([entryOf("heads", FILES, [], { alsoIn: ["all-heads"] })], { folders: [folder] });
    expect(await store.find("heads")).toMatchObject({ folder: join(folder, "wake/all-heads") });
  });

  test("does not take a model for complete when a file is missing or has another size", async () => {
    const folder = await temporaryFolder();
    const store = await storeOf([entryOf("tiny", FILES)], { folders: [folder] });
    expect(await store.find("tiny")).toBeUndefined();
    await place(join(folder, "tiny"));
    await truncate(join(folder, "tiny/model.onnx"), 10);
    expect(await store.find("tiny")).toBeUndefined();
  });

  test("prefers the owner's folders, in their order, to the cache", async () => {
    const { entry } = await served();
    const [first, second] = [await temporaryFolder(), await temporaryFolder()];
    const store = await storeOf([entry], { folders: [first, second] });
    await store.ensure("tiny");
    expect(await store.find("tiny")).toMatchObject({ origin: "cache" });
    await place(join(second, "tiny"));
    expect(await store.find("tiny")).toMatchObject({ folder: join(second, "tiny") });
    await place(join(first, "tiny"));
    expect(await store.find("tiny")).toMatchObject({ folder: join(first, "tiny") });
  });

  test("lists every entry, standing or not", async () => {
    const folder = await temporaryFolder();
    await place(join(folder, "here"));
    const store = await storeOf([entryOf("here", FILES), entryOf("gone", FILES)], { folders: [folder] });
    const list = await store.list();
    expect(list.map(({ entry, installed }) => [entry.name, installed?.origin])).toEqual([
      ["here", "folder"],
      ["gone", undefined],
    ]);
  });

  test("refuses a catalogue that points outside a model's folder", () => {
    const catalogue = [entryOf("evil", { "../../.bashrc": TOKENS })];
    expect(() => createModelStore({ cacheFolder: "unused", download: true, catalogue })).toThrow("outside");
  });
});

describe("ensuring", () => {
  test("fetches once, then finds", async () => {
    const { entry, server } = await served();
    const store = await storeOf([entry]);
    expect(await store.downloadBytes("tiny")).toBe(MODEL.length + TOKENS.length);
    const model = await store.ensure("tiny");
    expect(model).toMatchObject({ folder: join(store.cacheFolder, "stt/tiny"), origin: "cache" });
    expect(sha256(await readFile(join(model.folder, "model.onnx")))).toBe(sha256(MODEL));
    expect(await store.ensure("tiny")).toEqual(model);
    expect(server.requests).toHaveLength(2);
    expect(await readdir(join(store.cacheFolder, ".fetching"))).toEqual([]);
  });

  test("a cache serves as another store's folder", async () => {
    const { entry } = await served();
    const store = await storeOf([entry]);
    await store.ensure("tiny");
    const other = await storeOf([entry], { folders: [store.cacheFolder], download: false });
    expect(await other.ensure("tiny")).toMatchObject({ origin: "folder" });
  });

  test("goes to the next source when one fails, and says so only when all did", async () => {
    const { entry, server } = await served();
    const lying = httpsSource({ "model.onnx": server.serve("/lie", MODEL, changedTo(noise(MODEL.length))) }, "liar");
    const gone = httpsSource({ "model.onnx": `${server.url}/nowhere` }, "gone");
    const store = await storeOf([{ ...entry, sources: [lying, gone, ...entry.sources] }]);
    await store.ensure("tiny");
    expect((await store.verify("tiny")).ok).toBe(true);

    const hopeless = await storeOf([{ ...entry, sources: [lying, gone] }]);
    const failed = hopeless.ensure("tiny");
    await expect(failed).rejects.toMatchObject({ code: "download-failed" });
    await expect(failed).rejects.toThrow(/liar: .*sha256.*gone: answered 404/);
    expect(await hopeless.find("tiny")).toBeUndefined();
  });

  test("resumes after a failure of the whole", async () => {
    const { entry, server } = await served();
    server.serve("/model.onnx", MODEL, cuttingAfter(50_000), answering(500));
    const store = await storeOf([entry]);
    await expect(store.ensure("tiny")).rejects.toMatchObject({ code: "download-failed" });
    server.serve("/model.onnx", MODEL, honestly());
    await store.ensure("tiny");
    expect(server.requests.some(({ range }) => range === "bytes=50000-")).toBe(true);
  });

  test("brings what a model needs: what stands, before what can be fetched", async () => {
    const { entry, server } = await served("voice");
    const needing = { ...entry, needs: [["data-folder", "data-fetched"]] };
    const data = { "data.bin": noise(1_000) };
    const source = httpsSource({ "data.bin": server.serve("/data.bin", data["data.bin"], honestly()) });
    const catalogue = [needing, entryOf("data-folder", data), entryOf("data-fetched", data, [source])];

    const fetching = await storeOf(catalogue);
    expect(await fetching.downloadBytes("voice")).toBe(MODEL.length + TOKENS.length + 1_000);
    await fetching.ensure("voice");
    expect(await fetching.find("data-fetched")).toBeDefined();

    const folder = await temporaryFolder();
    await place(join(folder, "tts/data-folder"), data);
    const finding = await storeOf(catalogue, { folders: [folder] });
    await finding.ensure("voice");
    expect(await finding.find("data-fetched")).toBeUndefined();
  });

  test("replaces a cached model of which a file was lost", async () => {
    const { entry } = await served();
    const store = await storeOf([entry]);
    const { folder } = await store.ensure("tiny");
    await rm(join(folder, "model.onnx"));
    expect(await store.find("tiny")).toBeUndefined();
    await store.ensure("tiny");
    expect((await store.verify("tiny")).ok).toBe(true);
  });

  test("refuses what it cannot do, and says what to do", async () => {
    const { entry } = await served();
    const store = await storeOf([entry, entryOf("own", FILES)], { download: false });
    await expect(store.ensure("nonsense")).rejects.toMatchObject({ code: "model-unknown" });
    await expect(store.ensure("own")).rejects.toMatchObject({
      code: "model-missing",
      nextStep: expect.stringContaining("stt/own"),
    });
    await expect(store.ensure("tiny")).rejects.toMatchObject({
      code: "models-refused",
      nextStep: expect.stringContaining("parley models pull tiny"),
    });
  });

  test("is cancelled in the middle, and goes on from there later", async () => {
    const { entry, server } = await served();
    server.serve("/model.onnx", MODEL, stallingAfter(150_000));
    const store = await storeOf([entry]);
    const cancel = new AbortController();
    const ensuring = store.ensure("tiny", { signal: cancel.signal });
    const partial = join(store.cacheFolder, ".fetching/tiny", `${sha256(MODEL)}.partial`);
    await expect.poll(() => fileBytes(partial), { timeout: 5_000, interval: 10 }).toBe(150_000);
    cancel.abort();
    await expect(ensuring).rejects.toMatchObject({ code: "job-cancelled" });
    expect(await store.find("tiny")).toBeUndefined();
    server.serve("/model.onnx", MODEL, honestly());
    await store.ensure("tiny");
    expect(server.requests.map(({ range }) => range)).toContain("bytes=150000-");
  });

  test("is not started with a signal that is aborted already", async () => {
    const { entry, server } = await served();
    const store = await storeOf([entry]);
    await expect(store.ensure("tiny", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "job-cancelled",
    });
    expect(server.requests).toEqual([]);
  });

  test("reports the phases in order, and all bytes at the end", async () => {
    const { entry } = await served();
    const store = await storeOf([entry]);
    const seen: FetchProgress[] = [];
    await store.ensure("tiny", { onProgress: (progress) => seen.push(progress) });
    const phases = seen.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
    expect(phases).toEqual(["downloading", "preparing", "verifying", "done"]);
    const bytes = MODEL.length + TOKENS.length;
    expect(seen.at(-1)).toMatchObject({ model: "tiny", bytesDone: bytes, bytesTotal: bytes });
  });

  test("several callers in one process download once", async () => {
    const { entry, server } = await served();
    const store = await storeOf([entry]);
    const models = await Promise.all([store.ensure("tiny"), store.ensure("tiny"), store.ensure("tiny")]);
    expect(new Set(models.map(({ folder }) => folder)).size).toBe(1);
    expect(server.requests).toHaveLength(2);
  });

  test("names the folder it may not write to", async () => {
    const { entry } = await served();
    const blocked = join(await temporaryFolder(), "cache");
    await writeFile(blocked, "a file, not a folder");
    const store = await storeOf([entry], { cacheFolder: blocked });
    await expect(store.ensure("tiny")).rejects.toMatchObject({
      code: "file-unwritable",
      message: expect.stringContaining(blocked),
    });
  });
});

describe("verifying", () => {
  test("tells what is wrong with each file", async () => {
    const folder = await temporaryFolder();
    const files = { good: noise(10), flipped: noise(10), short: noise(10), gone: noise(10) };
    const store = await storeOf([entryOf("tiny", files)], { folders: [folder] });
    await expect(store.verify("tiny")).rejects.toMatchObject({ code: "model-missing" });
    await place(join(folder, "tiny"), { ...files, flipped: noise(10), short: noise(9) });
    await rm(join(folder, "tiny/gone"));
    const report = await store.verify("tiny");
    expect(report).toMatchObject({ model: "tiny", folder: join(folder, "tiny"), ok: false });
    expect(Object.fromEntries(report.problems.map(({ path, problem }) => [path, problem]))).toEqual({
      flipped: "wrong-sha256",
      short: "wrong-size",
      gone: "missing",
    });
  });
});

describe("removing", () => {
  test("takes a model and its partial downloads out of the cache", async () => {
    const { entry, server } = await served();
    const store = await storeOf([entry]);
    await store.ensure("tiny");
    expect(await store.remove("tiny")).toBe(true);
    expect(await store.find("tiny")).toBeUndefined();
    expect(await store.remove("tiny")).toBe(false);

    server.serve("/model.onnx", MODEL, cuttingAfter(50_000), answering(500));
    await expect(store.ensure("tiny")).rejects.toMatchObject({ code: "download-failed" });
    expect(await store.remove("tiny")).toBe(true);
    expect(await readdir(join(store.cacheFolder, ".fetching"))).toEqual([]);
  });

  test("never touches an owner's folder", async () => {
    const folder = await temporaryFolder();
    await place(join(folder, "tiny"));
    const store = await storeOf([entryOf("tiny", FILES)], { folders: [folder] });
    expect(await store.remove("tiny")).toBe(false);
    expect(await store.find("tiny")).toBeDefined();
  });
});
