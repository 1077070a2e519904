import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openLevelLog } from "@parley/raft";
import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, freePorts, peersKnowingAll, SECRET, TestPeer } from "./peers.ts";

async function threeVoters(): Promise<readonly [TestPeer, TestPeer, TestPeer]> {
  const peers = await peersKnowingAll(3, { joinSecret: SECRET });
  await Promise.all(peers.map((peer) => peer.start()));
  await until(() => areOneCluster(peers), "one cluster");
  await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
  const [one, two, three] = peers;
  if (one === undefined || two === undefined || three === undefined) throw new Error("three");
  return [one, two, three];
}

const raftFolder = (peer: TestPeer): string => join(peer.folder, "raft");

/** Every role that `watcher` sees `peer` in until it votes, and it did not all the time. */
async function untilItVotesAgain(watcher: TestPeer, peer: string): Promise<readonly string[]> {
  const seen: string[] = [];
  await until(() => {
    const role = watcher.cluster.peers().find(({ peerId }) => peerId === peer)?.role ?? "gone";
    if (seen.at(-1) !== role) seen.push(role);
    return role === "voter" && seen.length > 1;
  }, "that it votes again, having learnt");
  return seen;
}

describe("a member without a quorum", { timeout: 240_000 }, () => {
  it("is not let go, is told who would restore it, and stays one", async () => {
    const [one, two, three] = await threeVoters();
    await Promise.all([two.stop(), three.stop()]);
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    const refusal = { code: "no-quorum", nextStep: expect.stringMatching(/peer-[23].*parley leave --force/) as string };
    await expect(one.cluster.leave()).rejects.toMatchObject(refusal);
    expect(one.cluster.belonging).toBe("member");
    await two.start();
    await three.start();
    await until(() => areOneCluster([one, two, three]), "one cluster");
    expect(await one.put("after", "value")).toBe("done");
  });

  it("goes when it is forced to; let in again, it gives no vote before it has learnt what it had forgotten", async () => {
    const [one, two, three] = await threeVoters();
    expect(await one.put("before", "value")).toBe("done");
    const { clusterId = "", peerId } = one.cluster;
    await Promise.all([two.stop(), three.stop()]);
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    expect(await one.cluster.leave({ isForced: true })).toMatchObject({ isAgreed: false });
    expect([one.cluster.belonging, one.cluster.clusterId]).toEqual(["left", undefined]);
    expect(await readdir(raftFolder(one))).toEqual([expect.stringMatching(`^${clusterId}-\\d\\.left$`)]);
    await one.stop();
    await one.start();
    await two.start();
    await three.start();
    await until(async () => (await two.put("without it", "value")) === "done", "a write");
    expect(two.cluster.peers().find((peer) => peer.peerId === peerId)).toMatchObject({
      role: "voter",
      isOnline: false,
    });
    const { code } = await two.cluster.openPairing();
    const voting = untilItVotesAgain(two, peerId);
    await one.cluster.join({ proof: { code }, address: `127.0.0.1:${two.port}`, signal: AbortSignal.timeout(60_000) });
    expect(one.cluster.clusterId).toBe(clusterId);
    expect(await voting).toEqual(["voter", "learner", "voter"]);
    await until(() => areOneCluster([one, two, three]), "one cluster");
    await until(() => one.cluster.shared?.now.pairs.has("without it") === true, "all that it missed");
  });

  it("whose log cannot be used can only go by force", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await TestPeer.started({ name: "peer", port });
    await until(() => peer.cluster.belonging === "member", "a cluster");
    await peer.stop();
    const [folder = ""] = await readdir(raftFolder(peer));
    const held = await openLevelLog(join(raftFolder(peer), folder));
    await peer.start();
    const nextStep = expect.stringContaining("parley leave --force") as string;
    await expect(peer.cluster.leave()).rejects.toMatchObject({ code: "not-member", nextStep });
    expect(await peer.cluster.leave({ isForced: true })).toMatchObject({ isAgreed: false });
    expect(peer.cluster.belonging).toBe("left");
    expect(peer.cluster.status()["trouble"]).toBeUndefined();
    await held.close();
  });
});

describe("a peer that belongs to nothing", () => {
  it("cannot leave, forced or not", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await TestPeer.started({ name: "peer", port });
    await until(() => peer.cluster.belonging === "member", "a cluster");
    expect(await peer.cluster.leave()).toMatchObject({ isAgreed: true });
    for (const isForced of [false, true]) {
      await expect(peer.cluster.leave({ isForced })).rejects.toMatchObject({ code: "not-member" });
    }
  });
});

describe("a member that has forgotten its cluster, and comes in again by the secret", { timeout: 240_000 }, () => {
  it("gives no vote before it has learnt everything anew", async () => {
    const [one, two, three] = await threeVoters();
    await one.stop();
    await rm(raftFolder(one), { recursive: true });
    await rm(join(one.folder, "cluster.json"));
    expect(await two.put("without it", "value")).toBe("done");
    const { peerId } = await peerIdOf(one, two);
    const voting = untilItVotesAgain(two, peerId);
    await one.start();
    expect(await voting).toEqual(["voter", "learner", "voter"]);
    await until(() => areOneCluster([one, two, three]), "one cluster");
  });
});

describe("a member whose log is gone", { timeout: 240_000 }, () => {
  it("gives no vote before it has learnt everything anew", async () => {
    const [one, two, three] = await threeVoters();
    await one.stop();
    await rm(raftFolder(one), { recursive: true });
    expect(await two.put("without it", "value")).toBe("done");
    const { peerId } = await peerIdOf(one, two);
    const voting = untilItVotesAgain(two, peerId);
    await one.start();
    expect(await voting).toEqual(["voter", "learner", "voter"]);
    await until(() => areOneCluster([one, two, three]), "one cluster");
    await until(() => one.cluster.shared?.now.pairs.has("without it") === true, "all that it missed");
  });
});

async function peerIdOf(peer: TestPeer, among: TestPeer): Promise<{ readonly peerId: string }> {
  const found = among.cluster.peers().find(({ name }) => name === peer.name);
  if (found === undefined) throw new Error("it belongs");
  return found;
}

describe("a member that was let go and could not hear so", () => {
  it("is told by the others when it is back", { timeout: 120_000 }, async () => {
    const [staying, , leaving] = await threeVoters();
    const { peerId } = leaving.cluster;
    await leaving.stop();
    const done = await staying.cluster.shared?.submit({ type: "leave", peer: peerId }, { timeoutMs: 10_000 });
    expect(done?.outcome).toBe("done");
    // From then on nobody counts on it, and nobody sends it the log in which it stands.
    const counted = (): unknown[] =>
      [staying.cluster.status()].flatMap(({ voters, learners }) => [voters, learners]).flat();
    await until(() => counted().length === 2, "that it is counted no more");
    await leaving.start();
    await until(() => leaving.cluster.belonging === "left", "that it has left");
    expect(staying.cluster.peers().map((peer) => peer.peerId)).not.toContain(peerId);
  });
});
