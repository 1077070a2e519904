import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadIdentity } from "../../src/mesh/identity.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-identity-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a peer's identity", () => {
  it("is an Ed25519 libp2p peer id, and the same at every start", async () => {
    const path = join(folder, "identity.key");
    const first = await loadIdentity(path);
    expect(first.peerId).toMatch(/^12D3KooW/);
    expect((await loadIdentity(path)).peerId).toBe(first.peerId);
  });

  it("is kept where only its owner can read it, even when the file was left open to others", async () => {
    const path = join(folder, "identity.key");
    await loadIdentity(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await loadIdentity(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is one, however many start at once, and no draft is left behind", async () => {
    const path = join(folder, "identity.key");
    const all = await Promise.all(Array.from({ length: 12 }, () => loadIdentity(path)));
    expect(new Set(all.map(({ peerId }) => peerId)).size).toBe(1);
    expect(await readdir(folder)).toEqual(["identity.key"]);
  });

  it.each([
    ["nothing", ""],
    ["garbage", "not a key"],
  ])("is refused, and never replaced, when its file holds %s", async (_name, content) => {
    const path = join(folder, "identity.key");
    await writeFile(path, content);
    await expect(loadIdentity(path)).rejects.toMatchObject({
      code: "home-unusable",
      nextStep: expect.stringContaining("backup"),
    });
    expect((await stat(path)).size).toBe(content.length);
  });
});
