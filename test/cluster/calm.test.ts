import { untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import {
  expectHeld,
  household,
  householdOnLan,
  noLan,
  pause,
  putUntilDone,
  SECRET,
  startAll,
  underWrites,
  untilEqual,
} from "./support.ts";

/** `PARLEY_CALM_SECONDS=600` for a thorough run. */
const CALM_SECONDS = Number(process.env["PARLEY_CALM_SECONDS"] ?? "60");
const ITEM_BYTES = 64 * 1024;

function noticedBy(peers: readonly LivePeer[]) {
  return Promise.all(peers.map((peer) => peer.noticed()));
}

describe.skipIf(noLan !== undefined)("a cluster whose network loses packets", () => {
  it(
    `loses no link and elects nobody for ${CALM_SECONDS} s under writes when it is 5 % of them`,
    async () => {
      const { house, lan } = await householdOnLan({ joinSecret: SECRET });
      const peers = await house.addAll(3);
      await startAll(peers);
      await untilUnited(peers, { voters: 3 });
      const before = await noticedBy(peers);
      await lan.lose(5);
      // As many keys as a minute brings: an hour is about who leads, not about how much a home can hold.
      const written = await underWrites(peers, () => pause(CALM_SECONDS * 1_000), { keys: 10_000 });
      expect(await noticedBy(peers)).toEqual(before);
      await lan.lose(0);
      await untilUnited(peers, { voters: 3 });
      await expectHeld(peers, written);
      await untilEqual(peers);
      expect(house.crashes()).toEqual([]);
    },
    180_000 + CALM_SECONDS * 1_000,
  );

  it("loses nothing and does not diverge when it is 30 %, though it may elect again and again", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    await lan.lose(30);
    const written = await underWrites(peers, async () => {
      for (const peer of peers) await putUntilDone(peer, `lossy/${peer.name}`, "kept");
      await pause(20_000);
    });
    await lan.lose(0);
    await untilUnited(peers, { voters: 3 });
    await expectHeld(peers, written);
    await untilEqual(peers);
    expect(house.crashes()).toEqual([]);
  }, 240_000);
});

describe("a cluster whose actors move much", () => {
  it("of hundreds of megabytes to one that reads as slowly as it can hears no heartbeat too late", async () => {
    const house = await household({ joinSecret: SECRET, hasTestActors: true });
    const peers = await house.addAll(3);
    await startAll(peers);
    const { prime } = await untilUnited(peers, { voters: 3 });
    const [reader, other] = peers.filter((peer) => peer !== prime);
    if (reader === undefined || other === undefined) throw new Error("three");
    const before = await noticedBy(peers);
    const written = await underWrites(peers, async () => {
      const fast = { from: prime.peerId, items: 5_000, itemBytes: ITEM_BYTES, pauseMs: 0 };
      const slow = { from: other.peerId, items: 500, itemBytes: ITEM_BYTES, pauseMs: 10 };
      const [all, some] = await Promise.all([reader.pull(fast, 120_000), reader.pull(slow, 120_000)]);
      expect([all.bytes, some.bytes]).toEqual([5_000 * ITEM_BYTES, 500 * ITEM_BYTES]);
    });
    expect(await noticedBy(peers)).toEqual(before);
    await expectHeld(peers, written);
  }, 240_000);

  it.skipIf(noLan !== undefined)(
    "over a cable that is full with it hears them in time as well",
    async () => {
      const { house, lan } = await householdOnLan({ joinSecret: SECRET, hasTestActors: true });
      const peers = await house.addAll(3);
      await startAll(peers);
      const { prime } = await untilUnited(peers, { voters: 3 });
      const reader = peers.find((peer) => peer !== prime);
      if (reader === undefined) throw new Error("three");
      // As a wireless network is: 20 Mbit/s with a queue that is too long.
      await lan.narrow(house.placeOf(reader), 20_000, 200);
      const before = await noticedBy(peers);
      const written = await underWrites(peers, async () => {
        const all = { from: prime.peerId, items: 800, itemBytes: ITEM_BYTES, pauseMs: 0 };
        expect((await reader.pull(all, 150_000)).bytes).toBe(800 * ITEM_BYTES);
      });
      expect(await noticedBy(peers)).toEqual(before);
      await expectHeld(peers, written);
    },
    300_000,
  );
});
