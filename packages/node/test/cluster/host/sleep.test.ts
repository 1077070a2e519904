import { describe, expect, it } from "vitest";
import type { Sleeper, WatchSleep } from "../../../src/cluster/sleep/watch.ts";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, primeOf, SECRET, type TestPeer } from "./peers.ts";

/** Peers whose hosts sleep when a test says so. */
async function sleepers(count: number) {
  const hosts = new Map<TestPeer, Sleeper>();
  const peers = await peersKnowingAll(count, { joinSecret: SECRET });
  await Promise.all(
    peers.map((peer) => {
      const watchSleep: WatchSleep = (sleeper) => {
        hosts.set(peer, sleeper);
        return { close: async () => undefined };
      };
      return peer.start({ watchSleep });
    }),
  );
  await until(() => areOneCluster(peers), "one cluster");
  await until(() => peers.every((peer) => votersSeenBy(peer).length === count), "all vote");
  const hostOf = (peer: TestPeer): Sleeper => {
    const host = hosts.get(peer);
    if (host === undefined) throw new Error("every peer watches its host");
    return host;
  };
  return { peers, hostOf };
}

function votersSeenBy({ cluster }: TestPeer): readonly string[] {
  return cluster
    .peers()
    .filter(({ role }) => role === "voter")
    .map(({ peerId }) => peerId);
}

describe("a peer whose host is about to sleep", () => {
  it("hands over office and vote first, and gets its vote back when it is awake", async () => {
    const { peers, hostOf } = await sleepers(3);
    const prime = primeOf(peers);
    const others = peers.filter((peer) => peer !== prime);
    if (prime === undefined) throw new Error("one is prime");
    await hostOf(prime).fallAsleep({ timeoutMs: 20_000 });
    // At once, and not when its silence is noticed.
    expect(votersSeenBy(prime)).not.toContain(prime.cluster.peerId);
    expect(prime.cluster.peers().find(({ isPrime }) => isPrime)?.peerId).not.toBe(prime.cluster.peerId);
    await until(() => primeOf(others) !== undefined, "another is prime");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // While it is still running it does not ask for it back.
    expect(votersSeenBy(prime)).not.toContain(prime.cluster.peerId);
    hostOf(prime).wake(30_000);
    await until(() => peers.every((peer) => votersSeenBy(peer).length === 3), "all vote again");
    await until(() => areOneCluster(peers), "one cluster again");
    expect(await prime.put("k", "v")).toBe("done");
  });

  it("makes all its links anew when it was away, and none when the host did not sleep after all", async () => {
    const { peers, hostOf } = await sleepers(2);
    const [one, other] = peers;
    if (one === undefined || other === undefined) throw new Error("two");
    const downs: boolean[] = [];
    const stop = one.cluster.onChange(() => downs.push(one.cluster.peers().some(({ isOnline }) => !isOnline)));
    hostOf(one).wake(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(downs).not.toContain(true);
    hostOf(one).wake(10_000);
    await until(() => downs.includes(true), "the link ends");
    await until(() => areOneCluster(peers), "it is made anew");
    stop();
  });

  it("has nothing to hand over when it is alone", async () => {
    const { peers, hostOf } = await sleepers(1);
    const [one] = peers;
    if (one === undefined) throw new Error("one");
    await hostOf(one).fallAsleep({ timeoutMs: 20_000 });
    expect(votersSeenBy(one)).toEqual([one.cluster.peerId]);
    hostOf(one).wake(10_000);
    expect(await one.put("k", "v")).toBe("done");
  });

  it("lets no pairing code outlive its time by having slept", async () => {
    const { peers, hostOf } = await sleepers(1);
    const [one] = peers;
    if (one === undefined) throw new Error("one");
    await one.cluster.openPairing();
    hostOf(one).wake(5 * 60_000);
    expect(one.cluster.pairing).toBeDefined();
    hostOf(one).wake(11 * 60_000);
    expect(one.cluster.pairing).toBeUndefined();
  });
});
