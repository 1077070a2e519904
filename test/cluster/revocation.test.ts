import { untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

/** As many peers, of which up to three vote. */
async function cluster(count: number): Promise<{ readonly prime: LivePeer; readonly others: readonly LivePeer[] }> {
  const house = await household({ joinSecret: SECRET });
  const peers = await house.addAll(count);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: count % 2 === 0 ? count - 1 : count });
  await putUntilDone(prime, "before", "kept");
  return { prime, others: peers.filter((peer) => peer !== prime) };
}

/** Until that peer says of itself that it was revoked, and nothing of a last resort. */
async function untilItKnows(victim: LivePeer): Promise<void> {
  await until(async () => (await victim.status()).belonging === "revoked", `${victim.name} knows`, { peers: [victim] });
  const { state, nextSteps } = await victim.status();
  expect(state).toBe("revoked");
  expect(nextSteps.join()).not.toContain("last-resort");
}

async function untilGone(victim: LivePeer, rest: readonly LivePeer[]): Promise<void> {
  await untilUnited(rest);
  for (const peer of rest) expect((await peer.peers()).map(({ peerId }) => peerId)).not.toContain(victim.peerId);
}

describe("a revocation", () => {
  it("takes the prime itself: another one leads, and the one that led learns that it was revoked", async () => {
    const { prime, others } = await cluster(3);
    const [revoker] = others;
    if (revoker === undefined) throw new Error("three");
    const { notYetAppliedBy } = await revoker.revoke(prime.name);
    expect(notYetAppliedBy).toEqual([]);
    await untilGone(prime, others);
    await putUntilDone(revoker, "after", "another prime");
    await untilItKnows(prime);
  });

  it("is carried out, or not at all, though the prime dies in the middle of it; then it can be done again", async () => {
    const { prime, others } = await cluster(5);
    const [revoker, victim] = others;
    if (revoker === undefined || victim === undefined) throw new Error("five");
    const first = revoker.revoke(victim.name).then(
      () => "done",
      () => "failed",
    );
    // It has begun: the victim is to lose its vote.
    await new Promise((resolve) => setTimeout(resolve, 15));
    await prime.kill();
    await first;
    const rest = others.filter((peer) => peer !== victim);
    await until(
      async () => {
        const isGone = (await revoker.peers()).every(({ peerId }) => peerId !== victim.peerId);
        return (
          isGone ||
          (await revoker
            .revoke(victim.name)
            .then(() => true)
            .catch(() => false))
        );
      },
      "it is revoked",
      { peers: rest },
    );
    await putUntilDone(revoker, "after", "without the prime");
    await prime.start();
    await untilGone(victim, [...rest, prime]);
    expect(await valueAt(prime, "before")).toBe("kept");
    await untilItKnows(victim);
  });

  it("goes beside another: two peers are revoked at once by two others, and one of them twice", async () => {
    const { prime, others } = await cluster(5);
    const [a, b, c, d] = others;
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("five");
    await Promise.all([
      a.revoke(c.name),
      b.revoke(d.name),
      // Who comes second may find nobody by that name any more.
      b.revoke(c.name).catch((error: unknown) => expect(error).toMatchObject({ code: "no-such-peer" })),
    ]);
    await untilGone(c, [prime, a, b]);
    await untilGone(d, [prime, a, b]);
    await putUntilDone(a, "after", "both gone");
    for (const victim of [c, d]) await untilItKnows(victim);
  });

  it("that its revoker does not live to see is undone: the peer votes again after a while", async () => {
    const { prime, others } = await cluster(5);
    const [revoker, victim] = others;
    if (revoker === undefined || victim === undefined) throw new Error("five");
    const isVoter = async (peer: LivePeer): Promise<boolean> =>
      (await prime.peers()).some(({ peerId, role }) => peerId === peer.peerId && role === "voter");
    const revoking = revoker.revoke(victim.name).catch(() => undefined);
    await until(async () => !(await isVoter(victim)), "it votes no more", { peers: others });
    await revoker.kill();
    await revoking;
    if ((await prime.peers()).some(({ peerId }) => peerId === victim.peerId)) {
      await until(() => isVoter(victim), "it votes again", { peers: [prime, victim], timeoutMs: 150_000 });
    } else await untilItKnows(victim);
    await putUntilDone(prime, "after", "one way or the other");
    expect(await valueAt(prime, "after")).toBe("one way or the other");
  }, 240_000);
});
