import { describe, expect, it } from "vitest";
import { askBeyond, type ActorRef, type SingletonSend } from "@parley/actors";
import type { PrimeAnswer, PrimeMessage } from "../../../src/cluster/host/member/prime.ts";
import type { Journal } from "../../../src/cluster/journal/port.ts";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, primeOf, SECRET, type TestPeer } from "./peers.ts";

async function whoIsPrime({ cluster }: TestPeer): Promise<PrimeAnswer> {
  const manager = cluster.actors?.resolve<SingletonSend<PrimeMessage>>(`parley://${cluster.peerId}/prime`);
  if (manager === undefined) throw new Error("it belongs");
  return askBeyond(
    manager,
    (replyTo: ActorRef<PrimeAnswer>) => ({ type: "send" as const, message: { type: "who" as const, replyTo } }),
    { timeoutMs: 10_000 },
  );
}

describe("what runs in a cluster", () => {
  it("is found from every peer: the prime on the leader, and each client's home on one peer", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    const prime = primeOf(peers)?.cluster.peerId;
    const answers = await Promise.all(peers.map((peer) => whoIsPrime(peer)));
    expect(answers.map(({ peer }) => peer)).toEqual([prime, prime, prime]);
    const homes = await Promise.all(peers.map((peer) => peer.homeOf("client-7")));
    expect(new Set(homes).size).toBe(1);
    expect(peers.map(({ cluster }) => cluster.peerId)).toContain(homes[0]);
  });

  it("has journals of sessions: what one peer has written another goes on with when it is gone", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    const [asked] = peers;
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
    await until(() => peers.every(({ cluster }) => cluster.journals?.isInForce === true), "journals");
    const open = (at: TestPeer | undefined, token: number): Journal => {
      const journal = at?.cluster.journals?.open("s", () => ({ scope: "sessions/1", kind: "epoch", token }));
      if (journal === undefined) throw new Error("it belongs");
      return journal;
    };
    const journal = open(asked, 1);
    journal.begin({ workId: "w", kind: "ask", question: "what is the time?", atMs: 1 });
    journal.append({ type: "sentence", index: 0, text: "It is four." });
    await journal.flush();
    await asked?.stop();
    await expect(journal.flush()).rejects.toMatchObject({ code: "interrupted" });
    const found = await open(peers[1], 2).found();
    expect(found.turn).toMatchObject({
      accepted: { question: "what is the time?" },
      records: [{ type: "sentence", index: 0, text: "It is four." }],
    });
  });

  it("moves when peers come and go", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    const [asked] = peers;
    if (asked === undefined) throw new Error("three peers");
    const clients = Array.from({ length: 12 }, (_, i) => `client-${i}`);
    await until(async () => {
      const homes = await Promise.all(clients.map((client) => asked.homeOf(client)));
      return new Set(homes).size === 3;
    }, "homes on all three");
    const gone = peers.find((peer) => peer !== asked);
    const id = gone?.cluster.peerId;
    await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
    await gone?.stop();
    const homes = await Promise.all(clients.map((client) => asked.homeOf(client)));
    expect(homes).not.toContain(id);
  });
});
