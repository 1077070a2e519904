import { untilUnited, type Household, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import {
  expectHeld,
  household,
  householdOnLan,
  keepWriting,
  noLan,
  pause,
  putUntilDone,
  SECRET,
  startAll,
  underWrites,
  until,
  untilEqual,
  valueAt,
} from "./support.ts";

const ASLEEP_SECONDS = Number(process.env["PARLEY_ASLEEP_SECONDS"] ?? "60");
/** `PARLEY_CUT_SECONDS=300` for a thorough run. */
const CUT_SECONDS = Number(process.env["PARLEY_CUT_SECONDS"] ?? "20");
/** Pauses between dials grow to five seconds; an attempt into a dead network takes four. */
const BACK_WITHIN_MS = 20_000;

interface Home {
  readonly house: Household;
  readonly peers: readonly LivePeer[];
  readonly prime: LivePeer;
  readonly others: readonly [LivePeer, LivePeer];
}

async function three(house: Household): Promise<Home> {
  const peers = await house.addAll(3);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: 3 });
  const [one, other] = peers.filter((peer) => peer !== prime);
  if (one === undefined || other === undefined) throw new Error("three");
  return { house, peers, prime, others: [one, other] };
}

/** It runs in short turns only, as on a machine that has far too much to do. */
async function slowed(peer: LivePeer, seconds: number): Promise<void> {
  const untilMs = performance.now() + seconds * 1_000;
  while (performance.now() < untilMs) {
    peer.pause();
    await pause(80);
    peer.resume();
    await pause(40);
  }
}

describe("hosts that sleep, stumble and restart", () => {
  it(
    `of which one sleeps for ${ASLEEP_SECONDS} s: the others go on, and it has all it missed when it wakes`,
    async () => {
      const { house, peers, others } = await three(await household({ joinSecret: SECRET }));
      const [sleeper] = others;
      sleeper.pause();
      const wakesMs = performance.now() + ASLEEP_SECONDS * 1_000;
      const written = await keepWriting(
        () => peers,
        "night",
        () => performance.now() > wakesMs,
      );
      const awake = peers.filter((peer) => peer !== sleeper);
      for (const peer of awake) expect((await peer.peers()).filter(({ isOnline }) => !isOnline)).toHaveLength(1);
      sleeper.resume();
      await untilUnited(peers, { voters: 3 });
      await expectHeld(peers, written);
      await untilEqual(peers);
      expect(house.crashes()).toEqual([]);
    },
    180_000 + ASLEEP_SECONDS * 1_000,
  );

  it("of which one runs in short turns only: the others' prime stays, and writes through them go on; a slow prime loses none", async () => {
    const { peers, prime, others } = await three(await household({ joinSecret: SECRET }));
    const [slow, quick] = others;
    const { term } = await quick.noticed();
    const one = { writers: 1 };
    const beside = await underWrites([prime, quick], () => slowed(slow, 8), { ...one, name: "beside" });
    expect(beside.size).toBeGreaterThan(20);
    expect((await quick.noticed()).term).toBe(term);
    const through = await underWrites(others, () => slowed(prime, 8), { ...one, name: "through" });
    const written = new Map([...beside, ...through]);
    await untilUnited(peers, { voters: 3 });
    await expectHeld(peers, written);
    await untilEqual(peers);
  }, 180_000);

  it("that are restarted one after the other under writes lose none of them", async () => {
    const { house, peers } = await three(await household({ joinSecret: SECRET }));
    const written = await underWrites(peers, async () => {
      for (const peer of peers) {
        await peer.stop();
        await peer.start();
        await untilUnited(peers, { voters: 3 });
      }
    });
    expect(written.size).toBeGreaterThan(20);
    await expectHeld(peers, written);
    await untilEqual(peers);
    expect(house.crashes()).toEqual([]);
  }, 180_000);

  it.skipIf(noLan !== undefined)(
    `of which one is cut off for ${CUT_SECONDS} s is linked again soon after its cable is back`,
    async () => {
      const { house, lan } = await householdOnLan({ joinSecret: SECRET });
      const { peers, others } = await three(house);
      const [gone, other] = others;
      await lan.unplug(house.placeOf(gone));
      await putUntilDone(other, "meanwhile", "kept");
      await pause(CUT_SECONDS * 1_000);
      await lan.replug(house.placeOf(gone));
      await until(
        async () => (await Promise.all(peers.map((peer) => peer.peers()))).flat().every(({ isOnline }) => isOnline),
        "all are linked again",
        { peers, timeoutMs: BACK_WITHIN_MS },
      );
      expect(await valueAt(gone, "meanwhile")).toBe("kept");
    },
    120_000 + CUT_SECONDS * 1_000,
  );
});
