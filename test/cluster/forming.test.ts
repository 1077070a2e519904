import { unityOf, untilUnited } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, valueAt } from "./support.ts";

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

  it(
    `that all start at once always end in one cluster (${FOUNDINGS} times)`,
    async () => {
      for (let time = 0; time < FOUNDINGS; time += 1) {
        const house = await household({ joinSecret: SECRET });
        const peers = await house.addAll(3);
        await startAll(peers);
        const { clusterId } = await untilUnited(peers, { voters: 3 });
        expect((await unityOf(peers))?.clusterId).toBe(clusterId);
        expect(house.crashes()).toEqual([]);
        await house.close();
      }
    },
    60_000 + FOUNDINGS * 20_000,
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

function fail(): never {
  throw new Error("there are some");
}
