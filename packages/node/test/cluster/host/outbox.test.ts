import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, SECRET, type TestPeer } from "./peers.ts";

/** Two that both vote: without the other, neither can have anything agreed on. */
async function two(): Promise<readonly [TestPeer, TestPeer]> {
  const [one, other] = await peersKnowingAll(2, { joinSecret: SECRET });
  if (one === undefined || other === undefined) throw new Error("two");
  await Promise.all([one.start(), other.start()]);
  await until(() => areOneCluster([one, other]), "one cluster");
  await until(() => [one, other].every((peer) => votersOf(peer).length === 2), "both vote");
  return [one, other];
}

function votersOf({ cluster }: TestPeer) {
  return cluster.peers().filter(({ role }) => role === "voter");
}

async function later(peer: TestPeer, key: string): Promise<string> {
  const { later: outbox } = peer.cluster;
  if (outbox === undefined) throw new Error("it does not belong");
  return (await outbox.submit({ type: "put", key, value: Buffer.from(key) })).id;
}

const keysOf = ({ cluster }: TestPeer): readonly string[] =>
  [...(cluster.shared?.now.pairs.keys() ?? [])].filter((key) => key.startsWith("k"));

const says = ({ cluster }: TestPeer): string => JSON.stringify(cluster.status());

describe("what a peer writes without its quorum", () => {
  it("waits over its own restart, is told of, and is delivered in order when the quorum is there again", async () => {
    const [one, other] = await two();
    await other.stop();
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    for (const key of ["k1", "k2"]) await later(one, key);
    expect(says(one)).toContain("2 writes of this peer wait to be delivered");
    expect(one.cluster.status()["outbox"]).toMatchObject({ waiting: 2 });
    await one.stop();
    await one.start();
    const id = await later(one, "k3");
    expect(one.cluster.later?.load.count).toBe(3);
    expect(one.cluster.later?.outcomeOf(id)).toBeUndefined();
    await other.start();
    const signal = AbortSignal.timeout(60_000);
    expect(await one.cluster.later?.delivered(id, { signal })).toMatchObject({ outcome: "done" });
    expect(one.cluster.later?.load).toEqual({ count: 0, bytes: 0, oldestAtMs: undefined });
    expect(says(one)).not.toContain("to be delivered");
    await until(() => keysOf(other).length === 3, "the other has them");
    const revisions = ["k1", "k2", "k3"].map((key) => other.cluster.shared?.now.pairs.get(key)?.revision ?? 0);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  });

  it("is delivered before the peer leaves", async () => {
    const [one, other] = await two();
    await later(one, "k1");
    expect(await one.cluster.leave()).toEqual({ isAgreed: true, dropped: 0 });
    await until(() => keysOf(other).includes("k1"), "the other has it");
  });

  it("is dropped, and counted, when the peer leaves without the others' leave", async () => {
    const news: string[] = [];
    const [one, other] = await two();
    await one.stop();
    await one.start({ onNews: (sentence) => news.push(sentence) });
    await other.stop();
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    for (const key of ["k1", "k2"]) await later(one, key);
    expect(await one.cluster.leave({ isForced: true })).toEqual({ isAgreed: false, dropped: 2 });
    expect(news.join(" ")).toContain("2 writes that waited for the cluster were dropped: this peer has left it.");
    await expect(readFile(join(one.folder, "outbox", "waiting.log"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(one.cluster.later).toBeUndefined();
  });

  it("is dropped, and counted, when the peer hears that it was revoked", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    const [one, other, third] = peers;
    if (one === undefined || other === undefined || third === undefined) throw new Error("three");
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    await until(() => votersOf(one).length === 3, "all vote");
    const { peerId } = one.cluster;
    await Promise.all([other.stop(), third.stop()]);
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    for (const key of ["k1", "k2", "k3"]) await later(one, key);
    await one.stop();
    await Promise.all([other.start(), third.start()]);
    await until(() => other.cluster.peers().some(({ isPrime }) => isPrime), "the others go on");
    await other.cluster.revoke(peerId);
    const news: string[] = [];
    await one.start({ onNews: (sentence) => news.push(sentence) });
    await until(() => one.cluster.belonging === "revoked", "it hears of it");
    expect(news.join(" ")).toContain("3 writes that waited for the cluster were dropped: this peer was revoked.");
    expect(keysOf(other)).toEqual([]);
  });

  it("comes along when the peer goes on alone by a last resort, and is delivered to its new cluster", async () => {
    const [one, other] = await two();
    const signal = AbortSignal.timeout(60_000);
    await one.cluster.later?.delivered(await later(one, "k0"), { signal });
    await other.stop();
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    for (const key of ["k1", "k2"]) await later(one, key);
    await one.cluster.recover?.();
    await until(() => one.cluster.later?.load.count === 0, "all is delivered");
    expect(keysOf(one)).toEqual(["k0", "k1", "k2"]);
  });

  it("is delivered at once where one peer is the whole cluster", async () => {
    const [one] = await peersKnowingAll(1, { joinSecret: SECRET });
    if (one === undefined) throw new Error("one");
    await one.start();
    await until(() => one.cluster.belonging === "member", "it has founded one");
    const id = await later(one, "k1");
    await one.cluster.later?.delivered(id, { signal: AbortSignal.timeout(60_000) });
    expect(keysOf(one)).toEqual(["k1"]);
  });
});
