import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  belongs,
  ClusterHome,
  founderRecord,
  type ClusterRecord,
} from "../../../../src/cluster/host/home/cluster-home.ts";
import { temporaryFolder } from "../../../support.ts";

const RECORD: ClusterRecord = {
  format: 1,
  standing: "member",
  cluster: "c-1",
  node: 3,
  index: 17,
  members: [{ peer: "p", node: 1, name: "kitchen", addresses: ["/ip4/127.0.0.1/tcp/1"] }],
  revoked: ["gone"],
};

async function newHome(): Promise<{ readonly home: ClusterHome; readonly folder: string }> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  return { home: new ClusterHome(path), folder: path };
}

describe("what a peer keeps of its cluster", () => {
  it("is read as it was written, readable by its owner only", async () => {
    const { home, folder } = await newHome();
    expect(await home.read()).toBeUndefined();
    await home.write(RECORD);
    expect(await home.read()).toEqual(RECORD);
    expect((await stat(join(folder, "cluster.json"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["cluster.json"]);
  });

  it("ends as the last of many writes said", async () => {
    const { home } = await newHome();
    await Promise.all([1, 2, 3, 4].map((index) => home.write({ ...RECORD, index })));
    expect((await home.read())?.index).toBe(4);
  });

  it("is forgotten when a founder yields", async () => {
    const { home, folder } = await newHome();
    await home.write(RECORD);
    await home.logFolder(RECORD);
    await home.forget(RECORD);
    expect(await home.read()).toBeUndefined();
    expect(await readdir(join(folder, "raft"))).toEqual([]);
  });

  it("is missed when it was lost, and not when a founder that yields ended before its log was removed", async () => {
    const { home, folder } = await newHome();
    await home.logFolder(RECORD);
    await expect(home.read()).rejects.toMatchObject({ code: "home-unusable" });
    await writeFile(join(folder, "raft", "c-1-3.over"), "");
    expect(await home.read()).toBeUndefined();
    await home.sweep(undefined);
    await home.leaveBehind(RECORD);
    expect(await home.read()).toBeUndefined();
  });

  it("is not guessed at when it cannot be understood", async () => {
    const { home, folder } = await newHome();
    for (const text of ["", "{}", "no json", JSON.stringify({ ...RECORD, standing: "king" })]) {
      await writeFile(join(folder, "cluster.json"), text);
      await expect(home.read()).rejects.toMatchObject({ code: "home-unusable" });
    }
  });

  it("has one log for each membership, and keeps only that of the present one", async () => {
    const { home, folder } = await newHome();
    await mkdir(join((await home.logFolder({ cluster: "c-1", node: 2 })).folder, "inside"));
    await home.logFolder(RECORD);
    await home.sweep(RECORD);
    expect(await readdir(join(folder, "raft"))).toEqual(["c-1-3"]);
    await home.sweep(undefined);
    expect(await readdir(join(folder, "raft"))).toEqual([]);
  });

  it("tells who belongs from who left", () => {
    expect(belongs(founderRecord("c", { peer: "p", name: "n" }))).toBe(true);
    expect(belongs(RECORD)).toBe(true);
    expect(belongs({ ...RECORD, standing: "left" })).toBe(false);
    expect(belongs({ ...RECORD, standing: "revoked" })).toBe(false);
    expect(belongs(undefined)).toBe(false);
  });
});
