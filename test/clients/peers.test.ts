/** The same suite against a prime, a voter, a learner, and a peer without a single engine: six whole peers as processes. */
import { afterAll, beforeAll, describe } from "vitest";
import { Household, untilUnited, type LivePeer } from "@parley/node/testing";
import { doorOf, ENGINES, SECRET, untilOffered } from "./house.ts";
import { clientSuite, type Door } from "./suite.ts";

const VOTERS = 5;

describe("any client at any peer", { timeout: 120_000 }, () => {
  let household: Household;
  const doors = new Map<string, Door>();

  beforeAll(async () => {
    household = await Household.open({ joinSecret: SECRET, flags: { "limits.jobs": "32" } });
    const others = await household.addAll(VOTERS - 1, { engines: ENGINES });
    const hall = await household.add({ name: "hall", engines: undefined, flags: { "cluster.roles": "client" } });
    await Promise.all([hall, ...others].map((peer) => peer.start()));
    await untilUnited([hall, ...others], { voters: VOTERS, timeoutMs: 120_000 });
    const late = await household.add({ name: "late", engines: ENGINES });
    await late.start();
    const all = [hall, ...others, late];
    const { prime } = await untilUnited(all, { voters: VOTERS, timeoutMs: 120_000 });
    await untilOffered(hall, VOTERS);
    const voter = others.find((peer) => peer !== prime);
    if (voter === undefined) throw new Error("there are voters that are not prime");
    const roles: readonly (readonly [string, LivePeer])[] = [
      ["the prime", prime],
      ["a voter", voter],
      ["a learner", late],
      ["a peer without a single engine", hall],
    ];
    for (const [role, peer] of roles) {
      const other = all.find((each) => each !== peer);
      if (other === undefined) throw new Error("there are others");
      doors.set(role, doorOf(peer, other, all.length));
    }
    const standing = (await late.peers()).find(({ isSelf }) => isSelf)?.role;
    if (standing !== "learner") throw new Error(`who came last is a ${standing}`);
  }, 400_000);
  afterAll(() => household?.close());

  describe.each(["the prime", "a voter", "a learner", "a peer without a single engine"])("%s", (role) => {
    clientSuite(() => {
      const door = doors.get(role);
      if (door === undefined) throw new Error(`no door to ${role}`);
      return door;
    });
  });
});
