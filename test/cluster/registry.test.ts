import { hostname } from "node:os";
import { untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, householdOnLan, noLan, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

const roles = (role: string) => ({ flags: { "cluster.roles": role } });

/** How `viewer` sees `peer`. */
async function seen(viewer: LivePeer, peer: LivePeer) {
  return (await viewer.peers()).find(({ peerId }) => peerId === peer.peerId);
}

describe("the registry", () => {
  it("tells of every peer which part it takes, where it is and what it runs on; and what has changed", async () => {
    const house = await household({ joinSecret: SECRET });
    const hears = await house.add({ name: "hears", ...roles("stt") });
    const speaks = await house.add({ name: "speaks", ...roles("tts") });
    const thinks = await house.add({ name: "thinks", ...roles("llm,rag") });
    const peers = [hears, speaks, thinks];
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    const wanted = [
      [hears, ["stt"]],
      [speaks, ["tts"]],
      [thinks, ["llm", "rag"]],
    ] as const;
    for (const viewer of peers) {
      for (const [peer, itsRoles] of wanted) {
        await until(async () => ((await seen(viewer, peer))?.roles.length ?? 0) > 0, "its record", { peers });
        const record = await seen(viewer, peer);
        expect(record).toMatchObject({ name: peer.name, host: hostname(), roles: itsRoles, isOnline: true });
        expect(record?.addresses.join(" ")).toContain(`/tcp/${peer.address.split(":")[1]}`);
        expect(record?.platform).toBe(`${process.platform}-${process.arch}`);
        expect([record?.hardware, record?.models, record?.languages, record?.voices].every(Array.isArray)).toBe(true);
      }
    }

    speaks.reconfigure({ "cluster.roles": "tts,corpus" });
    await speaks.stop();
    await speaks.start();
    await until(async () => (await seen(hears, speaks))?.roles.includes("corpus") === true, "its new part", { peers });
  });

  it("tells who is there, who is away and since when, and keeps nobody in it who has left", async () => {
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    await startAll(peers);
    const { prime } = await untilUnited(peers, { voters: 3 });
    const [crashed, leaver] = peers.filter((peer) => peer !== prime);
    if (crashed === undefined || leaver === undefined) throw new Error("three");
    await leaver.leave();
    await until(async () => (await prime.peers()).length === 2, "it is struck off", { peers: [prime] });
    await until(async () => (await seen(prime, crashed))?.isOnline === true, "it is there", { peers: [prime] });
    const beforeMs = Date.now();
    await crashed.kill();
    await until(async () => (await seen(prime, crashed))?.isOnline === false, "it is missed", { peers: [prime] });
    const { lastSeenMs = 0 } = (await seen(prime, crashed)) ?? {};
    expect(lastSeenMs).toBeGreaterThan(beforeMs - 60_000);
    expect(lastSeenMs).toBeLessThanOrEqual(Date.now());
    expect((await prime.status()).sentences.join(" ")).toContain(`Not there: ${crashed.name}`);
    await crashed.start();
    await until(async () => (await seen(prime, crashed))?.isOnline === true, "it is back", { peers: [prime] });
    expect((await prime.peers()).map(({ peerId }) => peerId)).not.toContain(leaver.peerId);
  });
});

describe("peers find each other", () => {
  it("by a list that each of them has", async () => {
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(2);
    await startAll(peers);
    expect((await untilUnited(peers)).clusterId).not.toBe("");
  });

  it("by reporting at one address when they start, of which that one knew nothing", async () => {
    const house = await household({ joinSecret: SECRET });
    const first = await house.add({ known: [] });
    await first.start();
    await until(async () => (await first.status()).belonging === "member", "it has founded", { peers: [first] });
    const later = [await house.add({ known: [first.address] }), await house.add({ known: [first.address] })];
    await startAll(later);
    const { clusterId } = await untilUnited([first, ...later]);
    expect((await first.status()).clusterId).toBe(clusterId);
    // Those two had never heard of each other.
    await putUntilDone(later[0] ?? first, "key", "value");
    expect(await valueAt(later[1] ?? first, "key")).toBe("value");
  });

  it.skipIf(noLan !== undefined)("by their voices, with nobody to report to", async () => {
    const { house } = await householdOnLan({ joinSecret: SECRET });
    const peers = await house.addAll(2, { flags: { "cluster.discovery": "mdns" }, known: [] });
    await startAll(peers);
    expect((await untilUnited(peers)).clusterId).not.toBe("");
  });
});
