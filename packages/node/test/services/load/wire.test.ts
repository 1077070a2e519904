import { isActorError } from "@parley/actors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptsLoadRequest, HouseLoad } from "../../../src/services/load/house-load.ts";
import { TurnMeter } from "../../../src/services/load/turn-meter.ts";
import { FakeCluster, fakePeer } from "../../fake-cluster.ts";

const FROM = "12D3KooWother";

describe("who asks how busy a peer is", () => {
  it("is understood, or refused with a typed error, whatever it says", () => {
    const said = fc.oneof(
      fc.anything(),
      fc.record({ type: fc.constantFrom("load", "say"), replyTo: fc.anything() }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(said, (given) => {
        try {
          const { type, replyTo } = acceptsLoadRequest(given, FROM);
          expect([type, replyTo.address]).toEqual(["load", expect.stringContaining(FROM)]);
        } catch (error) {
          expect(isActorError(error) && error.code).toBe("bad-message");
        }
      }),
    );
  });
});

describe("a peer whose house cannot be asked", () => {
  it("tells of itself, and of the others that they did not answer", async () => {
    const cluster = new FakeCluster();
    cluster.members.push(fakePeer("cellar", "B"), fakePeer("garage", "C", { isOnline: false }));
    const meter = new TurnMeter();
    const load = new HouseLoad({
      name: "attic",
      cluster,
      own: () => [],
      turns: () => meter.figures(0),
      clients: () => 7,
      machine: {
        read: async () => ({ cpu: 0.5, cores: 2, memoryUsedBytes: 1, memoryTotalBytes: 2, rssBytes: 1 }),
      },
    });
    expect(await load.all()).toMatchObject([
      { name: "attic", isHere: true, load: { cpu: 0.5, clients: 7, services: [] } },
      { name: "cellar", isHere: false, load: null },
      { name: "garage", load: null },
    ]);
    cluster.members.length = 0;
    expect(await load.all()).toMatchObject([{ name: "attic", isHere: true, load: { clients: 7 } }]);
  });
});
