import { untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

async function three(): Promise<{ readonly prime: LivePeer; readonly others: readonly [LivePeer, LivePeer] }> {
  const house = await household({ joinSecret: SECRET });
  const peers = await house.addAll(3);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: 3 });
  const [one, other] = peers.filter((peer) => peer !== prime);
  if (one === undefined || other === undefined) throw new Error("three");
  return { prime, others: [one, other] };
}

/** Another prime that both agree on, in a later term, with the same identity of the mesh. */
async function successor(others: readonly LivePeer[], old: LivePeer): Promise<LivePeer> {
  let found: LivePeer | undefined;
  await until(
    async () => {
      const views = await Promise.all(others.map((peer) => peer.peers()));
      const primes = new Set(views.map((view) => view.find(({ isPrime }) => isPrime)?.peerId));
      const [prime] = primes;
      found = others.find(({ peerId }) => peerId === prime);
      return primes.size === 1 && prime !== old.peerId && found !== undefined;
    },
    "another prime",
    { peers: others },
  );
  if (found === undefined) throw new Error("it was found");
  return found;
}

describe("a cluster of three", () => {
  it("goes on under another prime when its own is killed, with the same identity, and takes it back", async () => {
    const { prime, others } = await three();
    await putUntilDone(prime, "before", "one");
    const before = await prime.status();
    await prime.kill();
    const next = await successor(others, prime);
    for (const peer of others) await putUntilDone(peer, `after/${peer.name}`, "two");
    expect(await valueAt(others[0], "before")).toBe("one");
    const after = await next.status();
    expect(after.term).toBeGreaterThan(before.term ?? 0);
    expect(after.meshKey).toEqual(before.meshKey);
    await prime.start();
    await untilUnited([prime, ...others], { voters: 3 });
    expect(await valueAt(prime, `after/${others[1].name}`)).toBe("two");
  });

  it("replaces a prime that stands still, which on waking is refused with what it believed", async () => {
    const { prime, others } = await three();
    await putUntilDone(prime, "register", "before");
    prime.pause();
    const next = await successor(others, prime);
    await putUntilDone(next, "register", "after");
    prime.resume();
    // Whatever it says now, it does not read the past.
    const seen = await prime.get("register");
    if (seen.outcome === "read") expect(seen.value).toBe("after");
    const late = await prime.put("register", "late", { when: "before" });
    expect(late.outcome).not.toBe("done");
    await untilUnited([prime, ...others], { voters: 3 });
    expect(await valueAt(prime, "register")).toBe("after");
  });

  it("has none of its writes lost when all are killed at once", async () => {
    const { prime, others } = await three();
    const peers = [prime, ...others];
    for (let i = 0; i < 20; i += 1) await putUntilDone(peers[i % 3] ?? prime, `key-${i}`, `value-${i}`);
    await Promise.all(peers.map((peer) => peer.kill()));
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    for (let i = 0; i < 20; i += 1) expect(await valueAt(peers[(i + 1) % 3] ?? prime, `key-${i}`)).toBe(`value-${i}`);
  });

  it("works apart when two are killed: the last accepts no replicated write, says why, and goes on when one is back", async () => {
    const { prime, others } = await three();
    await putUntilDone(prime, "before", "one");
    const [one, other] = others;
    await Promise.all([one.kill(), other.kill()]);
    await until(async () => (await prime.status()).state === "no-quorum", "it says so", { peers: [prime] });
    const write = await prime.put("alone", "x", { timeoutMs: 1_000 });
    expect(write.outcome).not.toBe("done");
    expect((await prime.get("before", { timeoutMs: 1_000 })).outcome).toBe("refused");
    const { sentences, nextSteps } = await prime.status();
    expect(sentences.join(" ")).toContain("Nothing new can be agreed on");
    expect(nextSteps.join(" ")).toContain(one.name);
    expect((await fetch(`${prime.introduction.url}/health`)).ok).toBe(true);
    await one.start();
    await putUntilDone(prime, "together", "again");
    expect(await valueAt(one, "before")).toBe("one");
  });

  it("revokes one, which is refused by all from then on", async () => {
    const { prime, others } = await three();
    const [one, other] = others;
    const report = await one.revoke(other.name);
    expect(new Set(report.appliedBy)).toEqual(new Set([prime.peerId, one.peerId]));
    await untilUnited([prime, one]);
    // The connection may end before the news arrives: then all it sees is that nobody is there.
    await until(async () => ["revoked", "no-quorum"].includes((await other.status()).state), "it is shut out", {
      peers: [other],
    });
    await putUntilDone(prime, "secret", "not for the revoked");
    expect((await other.get("secret", { timeoutMs: 1_000 })).outcome).toBe("refused");
    await other.kill();
    await other.start();
    // It still knows the join secret; that does not help who was revoked.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await other.peers()).filter(({ isOnline, isSelf }) => isOnline && !isSelf)).toEqual([]);
    expect((await other.get("secret", { timeoutMs: 1_000 })).outcome).toBe("refused");
    expect((await prime.peers()).map(({ peerId }) => peerId)).not.toContain(other.peerId);
  });
});
