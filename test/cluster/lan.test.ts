import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Lan, untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { householdOnLan, noLan, putUntilDone, SECRET, startAll, until, valueAt } from "./support.ts";

const AVAHI = fileURLToPath(new URL("../../packages/node/test/mesh/discovery/processes/avahi.sh", import.meta.url));
const noAvahi = ["avahi-browse", "avahi-daemon", "dbus-daemon"].find(
  (command) => spawnSync(command, ["--version"]).error !== undefined,
);
if (noAvahi !== undefined) console.warn(`skipped: whole peers read with avahi, because ${noAvahi} is not installed`);

const FOUND_BY_CALLING = { flags: { "cluster.discovery": "mdns" }, known: [] };

describe.skipIf(noLan !== undefined)("peers on a network of their own", () => {
  it("find each other with no address given, and one code on each newcomer makes them one cluster", async () => {
    const { house } = await householdOnLan();
    const first = await house.add({ name: "first", ...FOUND_BY_CALLING });
    await first.start();
    await until(async () => (await first.status()).belonging === "member", "it has founded", { peers: [first] });
    const newcomers: readonly LivePeer[] = [
      await house.add({ name: "kitchen", ...FOUND_BY_CALLING }),
      await house.add({ name: "attic", ...FOUND_BY_CALLING }),
    ];
    await startAll(newcomers);
    for (const newcomer of newcomers) {
      await until(async () => (await newcomer.status()).belonging === "waiting", "it waits beside the cluster", {
        peers: [first, newcomer],
      });
      const { code } = await first.tell("open-pairing");
      const wrong = newcomer.join(`${code.startsWith("A") ? "B" : "A"}${code.slice(1)}`);
      await expect(wrong).rejects.toMatchObject({ code: "pairing-failed" });
      await newcomer.join(code);
    }
    const peers = [first, ...newcomers];
    await untilUnited(peers, { voters: 3 });
    await putUntilDone(newcomers[1] ?? first, "key", "value");
    for (const peer of peers) expect(await valueAt(peer, "key")).toBe("value");
    expect(house.crashes()).toEqual([]);
  });

  it("with a join secret found at the same moment, with nothing but their voices, and end in one cluster", async () => {
    const { house } = await householdOnLan({ joinSecret: SECRET });
    const peers = await house.addAll(3, FOUND_BY_CALLING);
    await startAll(peers);
    const { prime } = await untilUnited(peers, { voters: 3 });
    expect(await prime.tell("met")).toEqual([]);
  });

  it("of two networks with a router between them are one cluster, when one has the address of the other", async () => {
    const { house } = await householdOnLan({ joinSecret: SECRET, subnets: 2 });
    const here = [await house.add({ ...FOUND_BY_CALLING }), await house.add({ ...FOUND_BY_CALLING })];
    const there = await house.add({ subnet: 1, known: here.map(({ address }) => address) });
    expect(there.address).toMatch(`${Lan.addressOf(3, 1)}:`);
    await startAll([...here, there]);
    await untilUnited([...here, there], { voters: 3 });
    await putUntilDone(there, "key", "from afar");
    for (const peer of here) expect(await valueAt(peer, "key")).toBe("from afar");
  });

  it.skipIf(noAvahi !== undefined)(
    "are read by avahi-browse, under both types, with what all may see and no more",
    async () => {
      const { house, lan } = await householdOnLan({ joinSecret: SECRET });
      const peers = await house.addAll(2, FOUND_BY_CALLING);
      await startAll(peers);
      const { clusterId } = await untilUnited(peers, { voters: 2 });
      const [program = "", ...args] = (await lan.plug()).command;
      const types = ["_parley._tcp", "_janet-mesh._tcp"];
      let lines: readonly string[] = [];
      await until(
        async () => {
          const { stdout } = await promisify(execFile)(program, [...args, AVAHI, ...types]);
          lines = stdout.split("\n").filter((line) => line.startsWith("=") && line.includes(`"cluster=${clusterId}"`));
          return lines.length === 2 * peers.length;
        },
        "both are read, as members",
        { peers },
      );
      for (const peer of peers) {
        const own = lines.filter((line) => line.includes(`"peer=${peer.peerId}"`));
        expect(types.filter((type) => own.some((line) => line.includes(`;${type};`)))).toEqual(types);
        for (const line of own) {
          const keys = [...line.matchAll(/"([a-z]+)=/g)].map(([, key]) => key);
          // DECISIONS 12; `txtvers` is RFC 6763's, `mesh` the port for other peers.
          expect(new Set(keys)).toEqual(
            new Set(["txtvers", "name", "peer", "cluster", "version", "pairing", "services", "mesh"]),
          );
          expect(line).toContain(`;${peer.address.split(":")[0]};`);
        }
      }
    },
    120_000,
  );

  it("come back at another address after a night, found by their voices alone", async () => {
    const { house, lan } = await householdOnLan({ joinSecret: SECRET });
    const peers = await house.addAll(3, FOUND_BY_CALLING);
    await startAll(peers);
    const { clusterId } = await untilUnited(peers, { voters: 3 });
    await putUntilDone(peers[0] ?? fail(), "evening", "kept");
    await Promise.all(peers.map((peer) => peer.stop()));
    for (const [i, peer] of peers.entries()) peer.moveTo(await lan.renumber(house.placeOf(peer), 101 + i));
    await startAll(peers);
    expect((await untilUnited(peers, { voters: 3 })).clusterId).toBe(clusterId);
    expect(await valueAt(peers[2] ?? fail(), "evening")).toBe("kept");
  });
});

function fail(): never {
  throw new Error("there are some");
}
