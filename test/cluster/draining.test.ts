/** Three peers as processes: the prime drains while a client is in the middle of a spoken answer, is stopped, and comes back. */
import { connect } from "@parley/sdk";
import { given, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { doorOf, ENGINES, ownerAsks, SECRET, socketUrl, untilOffered } from "../clients/house.ts";
import { household, primeOf, startAll, until } from "./support.ts";

const REPLY =
  "The kettle is on. The cat is out. It is ten past nine. Nobody has called since noon. The lights are off.";

interface Drained {
  readonly drain: { readonly name: string; readonly isDraining: boolean; readonly mayStop: boolean };
}

async function inOrder(peers: readonly LivePeer[]): Promise<readonly [LivePeer, LivePeer, LivePeer]> {
  const prime = await primeOf(peers[0] ?? expect.unreachable());
  const [first, second, third] = peers.toSorted((a, b) => Number(b.peerId === prime) - Number(a.peerId === prime));
  if (first === undefined || second === undefined || third === undefined) throw new Error("three were asked for");
  return [first, second, third];
}

describe("a prime that drains", { timeout: 240_000 }, () => {
  it("is left in the middle of a spoken answer, of which all is heard once, is stopped without anybody noticing, and comes back", async () => {
    const house = await household({ joinSecret: SECRET });
    const engines = { ...ENGINES, replies: [REPLY], tokenMs: 120 };
    const peers = await house.addAll(3, { engines });
    await startAll(peers);
    await until(async () => (await Promise.all(peers.map(votersSeenBy))).every((count) => count === 3), "all vote", {
      peers,
    });
    const [prime, other, third] = await inOrder(peers);
    await untilOffered(prime, 3);
    const token = await doorOf(prime, other, 3).newClient("tablet", "admin");
    const client = await connect({ peers: [prime, other, third].map(socketUrl), token, clientId: "tablet" });
    const connections: string[] = [];
    client.on("connected", ({ url }) => connections.push(url));
    const ask = () => client.ask({ text: "How are things?" }, { speak: true });
    try {
      const undisturbed = await given(ask());
      expect(undisturbed.text).toBe(REPLY);
      // Ordered at another peer than the one that drains.
      const disturbed = await given(ask(), {
        isDue: (event) => event.type === "audio",
        trouble: async () => {
          await ownerAsks(other, "POST", "/api/v1/drain", { peer: prime.peerId, timeoutMs: 3_000 });
        },
      });
      expect([disturbed.text, disturbed.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      expect(connections).toEqual([expect.not.stringMatching(socketUrl(prime))]);
      const look = async (): Promise<Drained["drain"]> => {
        return ((await ownerAsks(third, "GET", `/api/v1/drain?peer=${prime.peerId}`)) as Drained).drain;
      };
      await until(async () => (await look()).mayStop, "it may be stopped", { peers });
      expect(await primeOf(other)).not.toBe(prime.peerId);
      expect(await votersSeenBy(other)).toBe(2);

      await prime.kill();
      const without = await given(ask());
      expect([without.text, without.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      expect(connections).toHaveLength(1);

      // Whoever is started anew takes part again, and so does whoever is told to.
      await prime.start();
      await until(async () => (await votersSeenBy(other)) === 3, "it votes again", { peers });
      expect((await look()).isDraining).toBe(false);
      await ownerAsks(prime, "POST", "/api/v1/drain", { peer: third.peerId });
      await until(async () => (await votersSeenBy(other)) === 2, "the next one drains", { peers });
      await ownerAsks(prime, "DELETE", "/api/v1/drain", { peer: third.peerId });
      await until(async () => (await votersSeenBy(other)) === 3, "it takes that back", { peers });
    } finally {
      client.close();
    }
  });
});

async function votersSeenBy(peer: LivePeer): Promise<number> {
  return (await peer.peers()).filter(({ role }) => role === "voter").length;
}
