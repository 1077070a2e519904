import { untilUnited, type Household, type Lan, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { householdOnLan, noLan, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

interface Home {
  readonly house: Household;
  readonly lan: Lan;
  readonly peers: readonly LivePeer[];
  readonly prime: LivePeer;
  readonly others: readonly LivePeer[];
}

async function home(count: number): Promise<Home> {
  const { house, lan } = await householdOnLan({ joinSecret: SECRET });
  const peers = await house.addAll(count);
  await startAll(peers);
  const { prime } = await untilUnited(peers, { voters: count });
  return { house, lan, peers, prime, others: peers.filter((peer) => peer !== prime) };
}

/** Nothing may be agreed on there. */
async function expectNoWrites(peer: LivePeer, key: string): Promise<void> {
  const write = await peer.put(key, "from the minority", { timeoutMs: 1_500 });
  expect(write.outcome).not.toBe("done");
  expect((await peer.get(key, { timeoutMs: 1_500 })).outcome).toBe("refused");
}

describe.skipIf(noLan !== undefined)("a cluster whose network is divided", () => {
  it("of five: the side of two, with the prime, accepts no write and says why; nothing is lost when it heals", async () => {
    const { house, lan, peers, prime, others } = await home(5);
    const [mate, ...far] = others;
    if (mate === undefined) throw new Error("five");
    const places = (some: readonly LivePeer[]) => some.map((peer) => house.placeOf(peer));
    await putUntilDone(prime, "before", "one");
    await lan.divide(places([prime, mate]), places(far));
    await until(
      async () => {
        const views = await Promise.all(far.map((peer) => peer.peers()));
        const primes = new Set(views.map((view) => view.find(({ isPrime }) => isPrime)?.peerId));
        return primes.size === 1 && far.some(({ peerId }) => primes.has(peerId));
      },
      "the three have a prime",
      { peers },
    );
    for (const peer of [prime, mate]) {
      await until(async () => (await peer.status()).state === "no-quorum", `${peer.name} says so`, { peers });
      await expectNoWrites(peer, `minority/${peer.name}`);
      expect((await peer.status()).sentences.join(" ")).toContain("Nothing new can be agreed on");
      expect((await peer.peers()).filter(({ isPrime }) => isPrime)).toEqual([]);
    }
    for (const peer of far) await putUntilDone(peer, `majority/${peer.name}`, "kept");
    await lan.heal();
    await untilUnited(peers, { voters: 5 });
    for (const peer of far) expect(await valueAt(prime, `majority/${peer.name}`)).toBe("kept");
    expect(await valueAt(mate, "before")).toBe("one");
    expect(house.crashes()).toEqual([]);
  });

  it("one way only: a prime that hears nobody, or is heard by nobody, is prime no more", async () => {
    const { house, lan, peers, prime } = await home(3);
    let current = prime;
    for (const isDeaf of [true, false]) {
      const others = peers.filter((peer) => peer !== current);
      const place = house.placeOf(current);
      for (const other of others) {
        const there = house.placeOf(other);
        await (isDeaf ? lan.cutOneWay(there, place) : lan.cutOneWay(place, there));
      }
      for (const other of others) await putUntilDone(other, `${isDeaf ? "deaf" : "mute"}/${other.name}`, "kept");
      await lan.heal();
      const unity = await untilUnited(peers, { voters: 3 });
      expect(unity.prime).not.toBe(current);
      for (const other of others) {
        expect(await valueAt(current, `${isDeaf ? "deaf" : "mute"}/${other.name}`)).toBe("kept");
      }
      current = unity.prime;
    }
  });

  it("its prime's cable pulled and put back", async () => {
    const { house, lan, peers, prime, others } = await home(3);
    const place = house.placeOf(prime);
    await lan.unplug(place);
    for (const peer of others) await putUntilDone(peer, `unplugged/${peer.name}`, "kept");
    await until(async () => (await prime.status()).state === "no-quorum", "it says so", { peers: [prime] });
    await lan.replug(place);
    await untilUnited(peers, { voters: 3 });
    for (const peer of others) expect(await valueAt(prime, `unplugged/${peer.name}`)).toBe("kept");
  });

  it("is whole again by itself when one of its hosts gets another address while it runs", async () => {
    const { house, lan, peers, others } = await home(3);
    const [mover] = others;
    if (mover === undefined) throw new Error("three");
    await lan.renumber(house.placeOf(mover), 77);
    await until(
      async () => {
        const told = await Promise.all(peers.map((peer) => peer.peers()));
        return told.flat().every(({ isOnline }) => isOnline);
      },
      "all are linked again",
      { peers },
    );
    await putUntilDone(mover, "moved", "still here");
    for (const peer of peers) expect(await valueAt(peer, "moved")).toBe("still here");
  });
});
