import { Lan, untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import {
  household,
  householdOnLan,
  noLan,
  primeOf,
  putUntilDone,
  SECRET,
  startAll,
  until,
  valueAt,
} from "./support.ts";

const MESH_PORT = 8766;
const DELAY_MS = 200;
const CALM_WRITES = 20;

/** The others agree that somebody else is prime. */
function untilSucceeded(others: readonly LivePeer[], old: LivePeer): Promise<void> {
  return until(
    async () => {
      const primes = new Set(await Promise.all(others.map((peer) => primeOf(peer))));
      const [prime] = primes;
      return primes.size === 1 && prime !== undefined && prime !== old.peerId;
    },
    "another prime",
    { peers: others, timeoutMs: 90_000 },
  );
}

describe.skipIf(noLan !== undefined)("peers far from each other", () => {
  it(`with ${DELAY_MS} ms each way become one cluster, keep their prime while they write, and replace it when it is killed`, async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET, subnets: 3 });
    const peers: LivePeer[] = [];
    const known = [0, 1, 2].map((subnet) => `${Lan.addressOf(subnet + 1, subnet)}:${MESH_PORT}`);
    for (let subnet = 0; subnet < 3; subnet += 1) peers.push(await house.add({ subnet, known }));
    await lan.delay(MESH_PORT, DELAY_MS);
    await startAll(peers);
    const { prime, term } = await untilUnited(peers, { voters: 3, timeoutMs: 120_000 });
    for (const peer of peers) {
      await until(
        async () => (await peer.peers()).every(({ isSelf, roundTripMs = 0 }) => isSelf || roundTripMs > 1.9 * DELAY_MS),
        `${peer.name} has measured how far the others are`,
        { peers },
      );
    }
    const before = await Promise.all(peers.map((peer) => peer.noticed()));
    for (let i = 0; i < CALM_WRITES; i += 1) {
      await putUntilDone(peers[i % 3] ?? prime, `far/${i}`, `value-${i}`);
    }
    expect(await Promise.all(peers.map((peer) => peer.noticed()))).toEqual(before);
    expect((await untilUnited(peers)).term).toBe(term);
    const others = peers.filter((peer) => peer !== prime);
    await prime.kill();
    await untilSucceeded(others, prime);
    for (const peer of others) await putUntilDone(peer, `after/${peer.name}`, "kept");
    await prime.start();
    await untilUnited(peers, { voters: 3, timeoutMs: 120_000 });
    for (let i = 0; i < CALM_WRITES; i += 1) expect(await valueAt(prime, `far/${i}`)).toBe(`value-${i}`);
    expect(house.crashes()).toEqual([]);
  }, 300_000);
});

describe("peers with the patient profile: a heartbeat every 5 s, an election after 15 s without one", () => {
  it("become one cluster and write at once; a prime that stands still is replaced after that time and not before", async () => {
    const house = await household({ joinSecret: SECRET, flags: { "cluster.timing": "patient" } });
    const peers = await house.addAll(3);
    await startAll(peers);
    const { prime, term } = await untilUnited(peers, { voters: 3 });
    for (const peer of peers) await putUntilDone(peer, `calm/${peer.name}`, "kept");
    const others = peers.filter((peer) => peer !== prime);
    const stoppedMs = performance.now();
    prime.pause();
    await untilSucceeded(others, prime);
    // Its last heartbeat may have come five seconds before it stopped.
    expect(performance.now() - stoppedMs).toBeGreaterThan(9_500);
    for (const peer of others) await putUntilDone(peer, `after/${peer.name}`, "kept");
    prime.resume();
    expect((await untilUnited(peers, { voters: 3 })).term).toBeGreaterThan(term);
    for (const peer of others) expect(await valueAt(prime, `after/${peer.name}`)).toBe("kept");
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});
