import { unityOf, untilUnited, type Household } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, householdOnLan, noLan, putUntilDone, SECRET, startAll, valueAt } from "./support.ts";

/** `PARLEY_FOUNDINGS=50` for a thorough run. */
const FOUNDINGS = Number(process.env["PARLEY_FOUNDINGS"] ?? "2");

describe("peers with a join secret", () => {
  it.each([3, 5])("become one cluster of %i voters, in which each reads what another wrote", async (count) => {
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(count);
    await startAll(peers);
    await untilUnited(peers, { voters: count });
    for (const peer of peers) await putUntilDone(peer, `from ${peer.name}`, peer.name);
    const [last] = peers.slice(-1);
    if (last === undefined) throw new Error("there are some");
    for (const peer of peers) expect(await valueAt(last, `from ${peer.name}`)).toBe(peer.name);
    expect(house.crashes()).toEqual([]);
  });

  it.each([
    { how: "who know each other's addresses", isOnLan: false },
    { how: "who find each other by their voices alone", isOnLan: true },
  ])(
    `that all start at once, $how, always end in one cluster (${FOUNDINGS} times)`,
    async ({ isOnLan }) => {
      if (isOnLan && noLan !== undefined) return;
      const tookMs: number[] = [];
      for (let time = 0; time < FOUNDINGS; time += 1) {
        const house = await aHousehold(isOnLan);
        const count = 3 + (time % 3);
        const found = isOnLan ? { flags: { "cluster.discovery": "mdns" }, known: [] } : {};
        const peers = await house.addAll(count, found);
        await startAll(peers);
        const startedMs = performance.now();
        const { clusterId } = await untilUnited(peers);
        tookMs.push(performance.now() - startedMs);
        // Of four hosts three vote.
        await untilUnited(peers, { voters: count % 2 === 1 ? count : count - 1 });
        expect((await unityOf(peers))?.clusterId).toBe(clusterId);
        expect(house.crashes()).toEqual([]);
        await house.close();
      }
      const [fastest = 0, ...others] = tookMs.map((ms) => Math.round(ms)).toSorted((a, b) => a - b);
      const [slowest = fastest] = others.slice(-1);
      const median = [fastest, ...others][Math.floor(FOUNDINGS / 2)] ?? fastest;
      console.info(`${FOUNDINGS} foundings, one cluster each: median ${median} ms, ${fastest} to ${slowest} ms`);
    },
    60_000 + FOUNDINGS * 30_000,
  );

  it("take in one that comes later, and let one go that leaves", async () => {
    const house = await household({ joinSecret: SECRET });
    const first = await house.addAll(3);
    await startAll(first);
    const { clusterId } = await untilUnited(first, { voters: 3 });
    await putUntilDone(first[0] ?? fail(), "before", "you came");
    const late = await house.add();
    await late.start();
    expect((await untilUnited([...first, late])).clusterId).toBe(clusterId);
    expect(await valueAt(late, "before")).toBe("you came");
    await late.leave();
    await untilUnited(first, { voters: 3 });
    expect((await late.status()).belonging).toBe("left");
    await late.kill();
    await late.start();
    expect((await late.status()).clusterId).toBeNull();
  });
});

async function aHousehold(isOnLan: boolean): Promise<Household> {
  return isOnLan ? (await householdOnLan({ joinSecret: SECRET })).house : household({ joinSecret: SECRET });
}

function fail(): never {
  throw new Error("there are some");
}
