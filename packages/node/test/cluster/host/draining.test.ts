import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, primeOf, SECRET, type TestPeer } from "./peers.ts";

function draining({ cluster }: TestPeer): NonNullable<TestPeer["cluster"]["draining"]> {
  if (cluster.draining === undefined) throw new Error("it belongs");
  return cluster.draining;
}

async function homesAsToldBy({ cluster }: TestPeer): Promise<readonly string[]> {
  const homes: string[] = [];
  for (let i = 0; i < 12; i += 1) homes.push((await cluster.homeOf?.(`client-${i}`)) ?? "nowhere");
  return homes;
}

function reportOf(peer: TestPeer, by: TestPeer) {
  return by.cluster.peers().find(({ peerId }) => peerId === peer.cluster.peerId);
}

describe("a member that drains", () => {
  it("leads no more and is at nobody's home, though it stays a member, as all see; and takes part again when it stays", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    const isWhole = () =>
      peers.every((peer) => peer.cluster.peers().filter(({ role }) => role === "voter").length === 3);
    await until(isWhole, "all vote");
    const prime = primeOf(peers);
    const other = peers.find((peer) => peer !== prime);
    if (prime === undefined || other === undefined) throw new Error("one is prime");
    await draining(prime).giveUpLeading({ timeoutMs: 20_000 });
    expect([draining(prime).isPrime, draining(prime).isVoter]).toEqual([false, false]);
    await draining(prime).giveAway({ timeoutMs: 20_000 });
    expect(await homesAsToldBy(other)).not.toContain(prime.cluster.peerId);
    await until(() => reportOf(prime, other)?.isDraining === true, "the others know");
    expect(reportOf(prime, other)).toMatchObject({ role: "learner", isPrime: false, isOnline: true });
    expect(other.cluster.status()["sentences"]).toContainEqual(expect.stringContaining("is draining"));
    // It asks for nothing back while it drains, and still writes.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(draining(prime).isVoter).toBe(false);
    expect(await prime.put("k", "v")).toBe("done");
    draining(prime).stay();
    await until(isWhole, "all vote again");
    expect(reportOf(prime, other)?.isDraining).toBe(false);
    await until(async () => (await homesAsToldBy(other)).includes(prime.cluster.peerId), "it is somebody's home again");
  });

  it("has nobody to give anything to when it is alone", async () => {
    const peers = await peersKnowingAll(1, { joinSecret: SECRET });
    const [one] = peers;
    if (one === undefined) throw new Error("one");
    await one.start();
    await until(() => areOneCluster(peers), "one cluster");
    await draining(one).giveUpLeading({ timeoutMs: 20_000 });
    expect([draining(one).isPrime, draining(one).isVoter]).toEqual([true, true]);
    draining(one).stay();
    expect(await one.put("k", "v")).toBe("done");
  });
});
