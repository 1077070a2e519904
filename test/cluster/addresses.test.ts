import { Lan, PeerFailure, untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { householdOnLan, noLan, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

const FOUND_BY_CALLING = { flags: { "cluster.discovery": "mdns" }, known: [] };
const MESH_PORT = 8766;

/** Each has a link with each. */
function untilLinked(peers: readonly LivePeer[]): Promise<void> {
  return until(
    async () => (await Promise.all(peers.map((peer) => peer.peers()))).flat().every(({ isOnline }) => isOnline),
    "all are linked",
    { peers, timeoutMs: 90_000 },
  );
}

/** False before its part in a cluster has started. */
async function hasJoined(peer: LivePeer, code: string, at: LivePeer): Promise<boolean> {
  try {
    await peer.join(code, at.address);
    return true;
  } catch (error) {
    if (error instanceof PeerFailure && error.code === "not-member") return false;
    throw error;
  }
}

async function expectWritesAt(peers: readonly LivePeer[], when: string): Promise<void> {
  for (const peer of peers) await putUntilDone(peer, `${when}/${peer.name}`, "kept");
  for (const peer of peers)
    for (const other of peers) expect(await valueAt(peer, `${when}/${other.name}`)).toBe("kept");
}

describe.skipIf(noLan !== undefined)("hosts whose addresses change", () => {
  it("all at once, while they run, find each other again by their voices alone", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET });
    const peers = await house.addAll(3, FOUND_BY_CALLING);
    await startAll(peers);
    const { clusterId } = await untilUnited(peers, { voters: 3 });
    const places = peers.map((peer) => house.placeOf(peer));
    await Promise.all(places.map((place, i) => lan.renumber(place, 101 + i)));
    await untilLinked(peers);
    expect((await untilUnited(peers, { voters: 3 })).clusterId).toBe(clusterId);
    await expectWritesAt(peers, "moved");
  }, 180_000);

  it("with two interfaces go on over the other one when one goes down, whichever it is", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET, subnets: 2 });
    const peers = await house.addAll(3);
    const places = peers.map((peer) => house.placeOf(peer));
    for (const place of places) await lan.plugAlso(place, 1);
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    const [first] = peers;
    const [place] = places;
    if (first === undefined || place === undefined) throw new Error("three");
    for (const device of ["eth0", "eth1"] as const) {
      await lan.unplug(place, device);
      await untilLinked(peers);
      await expectWritesAt(peers, `without ${device}`);
      await lan.replug(place, device);
    }
    await untilUnited(peers, { voters: 3 });
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});

describe.skipIf(noLan !== undefined)("peers on a network that is not as it should be", () => {
  it("without multicast find each other by the list, though they call out as well", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET });
    await lan.blockMulticast();
    const known = [1, 2, 3].map((number) => `${Lan.addressOf(number)}:${MESH_PORT}`);
    const peers = await house.addAll(3, { ...FOUND_BY_CALLING, known });
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    await expectWritesAt(peers, "listed");
  }, 120_000);

  it("on two subnets with a router and no multicast between them join by one address, and by a code with one", async () => {
    const { house } = await householdOnLan({ subnets: 2 });
    const here = await house.add({ ...FOUND_BY_CALLING });
    await here.start();
    await until(async () => (await here.status()).belonging === "member", "it has founded", { peers: [here] });
    const there = await house.add({ subnet: 1, flags: { "cluster.discovery": "mdns" }, known: [here.address] });
    await there.start();
    await until(async () => (await there.status()).belonging === "waiting", "it waits beside the cluster", {
      peers: [here, there],
    });
    await there.join((await here.tell("open-pairing")).code);
    const late = await house.add({ subnet: 1, ...FOUND_BY_CALLING, flags: { "cluster.discovery": "static" } });
    await late.start();
    const { code } = await here.tell("open-pairing");
    await until(() => hasJoined(late, code, here), "it joins", {
      peers: [here, late],
    });
    const peers = [here, there, late];
    await untilUnited(peers, { voters: 3 });
    await expectWritesAt(peers, "routed");
  }, 180_000);

  it("of which some take only short packets agree all the same, and send each other much", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET, hasTestActors: true, subnets: 2 });
    const known = [1, 2].map((number) => `${Lan.addressOf(number)}:${MESH_PORT}`);
    const peers = [await house.add({ known }), await house.add({ known }), await house.add({ subnet: 1, known })];
    const [plain, short, routed] = peers;
    if (plain === undefined || short === undefined || routed === undefined) throw new Error("three");
    await lan.setMtu(house.placeOf(short), 1_280);
    await lan.setMtu(house.placeOf(routed), 576);
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    await expectWritesAt(peers, "short");
    for (const [reader, from] of [
      [plain, short],
      [short, plain],
      [routed, plain],
      [plain, routed],
    ] as const) {
      const all = { from: from.peerId, items: 200, itemBytes: 64 * 1024, pauseMs: 0 };
      expect((await reader.pull(all, 60_000)).bytes).toBe(200 * 64 * 1024);
    }
  }, 180_000);
});
