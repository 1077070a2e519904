import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seal, unseal } from "../../../src/mesh/keys/seal.ts";
import { loadSealingKey } from "../../../src/mesh/keys/sealing-key.ts";
import { temporaryFolder } from "../../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "sealing.key");
});
afterEach(() => folder.remove());

describe("a peer's sealing key", () => {
  it("opens after a restart what was sealed to it before", async () => {
    const context = { info: "a use", bound: new Uint8Array(0) };
    const sealed = seal((await loadSealingKey(path)).publicKey, Buffer.from("kept"), context);
    expect(unseal((await loadSealingKey(path)).privateKey, sealed, context)).toEqual(Buffer.from("kept"));
  });

  it("is kept where only its owner can read it, even when the file was left open to others", async () => {
    await loadSealingKey(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await loadSealingKey(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is one, however many start at once, and no draft is left behind", async () => {
    const keys = await Promise.all(Array.from({ length: 12 }, () => loadSealingKey(path)));
    expect(new Set(keys.map(({ publicKey }) => Buffer.from(publicKey).toString("hex"))).size).toBe(1);
    expect(await readdir(folder.path)).toEqual(["sealing.key"]);
  });

  it.each(["", "short", "x".repeat(33)])("is refused, and never replaced, when its file holds %j", async (content) => {
    await writeFile(path, content);
    await expect(loadSealingKey(path)).rejects.toMatchObject({ code: "home-unusable" });
    expect((await stat(path)).size).toBe(content.length);
  });

  it("cannot be made where there is no folder, and says so", async () => {
    await expect(loadSealingKey(join(folder.path, "none", "key"))).rejects.toMatchObject({ code: "home-unusable" });
  });
});
