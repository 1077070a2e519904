import { untilUnited, type Household, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, valueAt } from "./support.ts";

async function two(): Promise<{ readonly house: Household; readonly prime: LivePeer; readonly other: LivePeer }> {
  const house = await household({ joinSecret: SECRET });
  const peers = await house.addAll(2);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: 2 });
  const other = peers.find((peer) => peer !== prime);
  if (other === undefined) throw new Error("two");
  await putUntilDone(prime, "before", "kept");
  return { house, prime, other };
}

describe("of two hosts", () => {
  it("the prime revokes the other, and goes on alone", async () => {
    const { prime, other } = await two();
    await prime.revoke(other.name);
    await putUntilDone(prime, "after", "alone");
    expect(await valueAt(prime, "before")).toBe("kept");
    expect((await prime.peers()).map(({ peerId, role }) => [peerId, role])).toEqual([[prime.peerId, "voter"]]);
  });

  it("the other revokes the prime, and goes on alone", async () => {
    const { prime, other } = await two();
    await other.revoke(prime.name);
    await putUntilDone(other, "after", "alone");
    expect(await valueAt(other, "before")).toBe("kept");
    expect((await other.peers()).map(({ peerId, role }) => [peerId, role])).toEqual([[other.peerId, "voter"]]);
  });

  it("neither can be revoked while it is away: that is refused, and nothing is broken when it is back", async () => {
    const { prime, other } = await two();
    await other.kill();
    await expect(prime.revoke(other.name)).rejects.toMatchObject({ code: "no-quorum" });
    await other.start();
    await putUntilDone(prime, "after", "together");
    expect(await valueAt(other, "after")).toBe("together");
  });
});
