import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { untilUnited, type Household, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, until, untilEqual, valueAt } from "./support.ts";

interface Home {
  readonly house: Household;
  readonly peers: readonly LivePeer[];
  readonly victim: LivePeer;
  readonly others: readonly LivePeer[];
}

/** Three, of which one, not the prime, has been stopped. */
async function withOneStopped(): Promise<Home> {
  const house = await household({ joinSecret: SECRET });
  const peers = await house.addAll(3);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: 3 });
  const victim = peers.find((peer) => peer !== prime);
  if (victim === undefined) throw new Error("three");
  for (let i = 0; i < 20; i += 1) await putUntilDone(victim, `before/${i}`, "x".repeat(500));
  await victim.stop();
  return { house, peers, victim, others: peers.filter((peer) => peer !== victim) };
}

async function logFolder(peer: LivePeer): Promise<string> {
  const [name = ""] = await readdir(join(peer.home, "raft"));
  return join(peer.home, "raft", name);
}

async function troubleOf(peer: LivePeer): Promise<string> {
  const { trouble } = await peer.status();
  return typeof trouble === "string" ? trouble : "";
}

describe("a peer whose folder was damaged", () => {
  it.each([
    [
      "its log's last records torn off",
      async (folder: string) => {
        for (const name of await readdir(folder, { recursive: true })) {
          if (!name.endsWith(".log")) continue;
          const path = join(folder, name);
          const bytes = await readFile(path);
          await truncate(path, Math.floor(bytes.length * 0.6));
        }
      },
    ],
    [
      "garbage in the middle of its log",
      async (folder: string) => {
        for (const name of await readdir(folder, { recursive: true })) {
          if (!name.endsWith(".log")) continue;
          const path = join(folder, name);
          const bytes = await readFile(path);
          bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 64);
          await writeFile(path, bytes);
        }
      },
    ],
    ["its whole log gone", async (folder: string) => rm(folder, { recursive: true })],
  ])(
    "%s: says that its log is in doubt, does not vote before it has caught up, and is whole again",
    async (_, damage) => {
      const { house, peers, victim, others } = await withOneStopped();
      await damage(await logFolder(victim));
      for (const peer of others) await putUntilDone(peer, `meanwhile/${peer.name}`, "kept");
      await victim.start();
      await until(async () => (await victim.noticed()).doubts > 0, "it is in doubt", { peers });
      await untilUnited(peers, { voters: 3 });
      expect(await valueAt(victim, "before/19")).toBe("x".repeat(500));
      expect(await valueAt(victim, `meanwhile/${others[0]?.name}`)).toBe("kept");
      expect(house.crashes()).toEqual([]);
    },
    120_000,
  );

  it.each([
    ["cluster.json", "cluster.json", async (path: string) => truncate(path, 40)],
    ["sealing.key", "sealing.key", async (path: string) => rm(path)],
    ["identity.key", "identity.key", async (path: string) => rm(path)],
  ])(
    "%s cut off or missing: works by itself, names the file and what to do, and belongs again once it is restored",
    async (name, told, damage) => {
      const { peers, victim, others } = await withOneStopped();
      const path = join(victim.home, name);
      const saved = join(victim.home, "saved");
      await cp(path, saved);
      await damage(path);
      await victim.start();
      await until(async () => (await troubleOf(victim)).includes(told), "it says why", { peers: [victim] });
      expect((await fetch(`${victim.introduction.url}/health`)).ok).toBe(true);
      expect((await victim.get("before/0", { timeoutMs: 500 })).outcome).toBe("refused");
      for (const peer of others) await putUntilDone(peer, `meanwhile/${peer.name}`, "kept");
      await victim.stop();
      await cp(saved, path);
      await victim.start();
      await untilUnited(peers, { voters: 3 });
      expect(await valueAt(victim, `meanwhile/${others[0]?.name}`)).toBe("kept");
    },
    120_000,
  );
});

describe("a peer whose folder was copied to another host", () => {
  it("keeps its place: the copy is turned away, is told why, and harms nothing; both it and the others say so", async () => {
    const { house, peers, victim, others } = await withOneStopped();
    const home = join(house.folder, "copied");
    await cp(victim.home, home, { recursive: true });
    await victim.start();
    await untilUnited(peers, { voters: 3 });
    const before = await Promise.all(peers.map((peer) => peer.noticed()));
    await putUntilDone(victim, "after the copy", "kept");
    const copy = await house.add({ name: "copy", home });
    await copy.start();
    const says = async (peer: LivePeer, what: string) => (await peer.status()).sentences.join(" ").includes(what);
    await until(() => says(copy, "Another process with this peer's identity"), "the copy says so", { peers: [copy] });
    for (const peer of others) await until(() => says(peer, "runs twice"), `${peer.name} says so`, { peers });
    expect((await copy.status()).nextSteps.join(" ")).toContain("Stop the copy");
    expect((await copy.put("from the copy", "x", { timeoutMs: 1_000 })).outcome).not.toBe("done");
    for (const peer of peers) await putUntilDone(peer, `beside/${peer.name}`, "kept");
    expect(await Promise.all(peers.map((peer) => peer.noticed()))).toEqual(before);
    await copy.stop();
    await untilUnited(peers, { voters: 3 });
    expect(await valueAt(victim, "after the copy")).toBe("kept");
    expect(await valueAt(victim, "from the copy")).toBeNull();
    await untilEqual(peers);
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});

describe("a peer whose folder was put back to what it was some time ago", () => {
  it("learns that it has forgotten what it had acknowledged, does not vote, and has it all again", async () => {
    const { house, peers, victim, others } = await withOneStopped();
    const backup = join(house.folder, "backup");
    await cp(victim.home, backup, { recursive: true });
    await victim.start();
    await untilUnited(peers, { voters: 3 });
    for (let i = 0; i < 20; i += 1) await putUntilDone(victim, `since/${i}`, "kept");
    await victim.stop();
    await rm(victim.home, { recursive: true });
    await cp(backup, victim.home, { recursive: true });
    await victim.start();
    await until(async () => (await victim.noticed()).doubts > 0, "it is in doubt", { peers });
    await untilUnited(peers, { voters: 3 });
    expect(await valueAt(victim, "since/19")).toBe("kept");
    for (const peer of others) await putUntilDone(peer, `after/${peer.name}`, "kept");
    await untilEqual(peers);
    expect(house.crashes()).toEqual([]);
  }, 120_000);

  it("without its log gives nobody its vote before it has learnt all, though who led is away", async () => {
    const { house, peers, victim, others } = await withOneStopped();
    const backup = join(house.folder, "backup");
    await cp(victim.home, backup, { recursive: true });
    await victim.start();
    const { prime } = await untilUnited(peers, { voters: 3 });
    for (let i = 0; i < 20; i += 1) await putUntilDone(victim, `since/${i}`, "kept");
    await victim.stop();
    await rm(victim.home, { recursive: true });
    await cp(backup, victim.home, { recursive: true });
    await rm(join(victim.home, "raft"), { recursive: true });
    await prime.kill();
    const other = others.find((peer) => peer !== prime);
    if (other === undefined) throw new Error("three");
    await victim.start();
    await until(async () => (await victim.noticed()).doubts > 0, "it is in doubt", { peers: [victim, other] });
    await until(
      async () => (await other.peers()).some(({ peerId, isOnline }) => peerId === victim.peerId && isOnline),
      "a link",
    );
    expect((await other.put("without", "a vote")).outcome).not.toBe("done");
    expect((await other.peers()).find(({ isPrime }) => isPrime)).toBeUndefined();
    await prime.start();
    await untilUnited(peers, { voters: 3 });
    expect(await valueAt(victim, "since/19")).toBe("kept");
    await untilEqual(peers);
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});
