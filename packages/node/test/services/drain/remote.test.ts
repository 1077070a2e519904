import { isActorError } from "@parley/actors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PeerError } from "../../../src/errors.ts";
import { acceptsDrainRequest, HouseDrains } from "../../../src/services/drain/remote.ts";
import type { DrainReport } from "../../../src/services/drain/drain.ts";
import { FakeCluster, fakePeer, fakePeerId } from "../../fake-cluster.ts";

const FROM = fakePeerId("F");
const REPORT: DrainReport = {
  isDraining: false,
  phase: null,
  mayStop: false,
  isPrime: true,
  isVoter: true,
  left: { clients: 0, sessions: 0, jobs: 0 },
  sinceMs: null,
  timeoutMs: null,
};

describe("who orders a drain", () => {
  it("is understood, or refused with a typed error, whatever it says", () => {
    const order = fc.oneof(
      fc.anything(),
      fc.record({ do: fc.constantFrom("begin", "undo", "look"), timeoutMs: fc.oneof(fc.integer(), fc.double()) }),
    );
    const said = fc.oneof(fc.anything(), fc.record({ type: fc.constant("drain"), order, replyTo: fc.anything() }));
    fc.assert(
      fc.property(said, (given) => {
        try {
          const { order: read, replyTo } = acceptsDrainRequest(given, FROM);
          expect(replyTo.address).toContain(FROM);
          if (read.do === "begin") expect(read.timeoutMs).toBeGreaterThanOrEqual(1_000);
        } catch (error) {
          expect(isActorError(error) && error.code).toBe("bad-message");
        }
      }),
    );
  });
});

describe("a drain that is ordered", () => {
  const cluster = new FakeCluster();
  const orders: string[] = [];
  const own = {
    begin: ({ timeoutMs }: { readonly timeoutMs: number }): void => {
      orders.push(`begin ${timeoutMs}`);
      throw new PeerError("not-member", "nobody else is there", { nextStep: "Start one." });
    },
    undo: () => void orders.push("undo"),
    report: REPORT,
  };
  const drains = new HouseDrains({ name: "attic", cluster, own });

  it("is this peer's own where nobody is named, or it is", async () => {
    expect(await drains.order(undefined, { do: "look" })).toEqual({ ...REPORT, peerId: cluster.peerId, name: "attic" });
    await drains.order("attic", { do: "undo" });
    await expect(drains.order("attic", { do: "begin", timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "not-member",
    });
    expect(orders).toEqual(["undo", "begin 5000"]);
  });

  it("says who is unknown, or does not answer", async () => {
    await expect(drains.order("nobody", { do: "look" })).rejects.toMatchObject({ code: "no-such-peer" });
    cluster.members = [...cluster.members, fakePeer("cellar", "C")];
    await expect(drains.order("cellar", { do: "look" })).rejects.toMatchObject({ code: "unreachable" });
  });
});
