import { createActorSystem, isActorError } from "@parley/actors";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fault } from "../../../src/services/chaos/faults.ts";
import { acceptsChaosRequest, HouseChaos } from "../../../src/services/chaos/remote.ts";
import type { SessionDoing } from "../../../src/services/session/report.ts";
import { FakeCluster, fakePeer, fakePeerId } from "../../fake-cluster.ts";
import { noLog } from "../../support.ts";

const FROM = fakePeerId("F");
const FAULT: Fault = {
  id: "00000000-0000-4000-8000-000000000001",
  kind: "slow",
  holdMs: 1_000,
  by: "owner",
  account: "chaos-1",
  withPeople: false,
};

describe("who orders a fault", () => {
  it("is understood, or refused with a typed error, whatever it says", () => {
    const fault = fc.oneof(
      fc.anything(),
      fc.constant(FAULT),
      fc.record(
        Object.fromEntries(
          Object.entries(FAULT).map(([key, value]) => [key, fc.oneof(fc.constant(value), fc.anything())]),
        ),
      ),
    );
    const order = fc.oneof(
      fc.anything(),
      fc.record({
        do: fc.constantFrom("look", "hurt", "permit", "heed", "release", "watch"),
        fault,
        account: fc.anything(),
      }),
      fc.record({ do: fc.constant("hurt"), fault }),
      fc.record({
        do: fc.constant("permit"),
        id: fc.constant(FAULT.id),
        kind: fc.constantFrom("kill", "blink"),
        peer: fc.string(),
        holdMs: fc.double(),
      }),
    );
    const said = fc.oneof(fc.anything(), fc.record({ type: fc.constant("chaos"), order, replyTo: fc.anything() }));
    fc.assert(
      fc.property(said, (given) => {
        try {
          const { order: read, replyTo } = acceptsChaosRequest(given, FROM);
          expect(replyTo.address).toContain(FROM);
          const holdMs = read.do === "hurt" ? read.fault.holdMs : 500;
          expect(holdMs >= 500 && holdMs <= 30_000).toBe(true);
        } catch (error) {
          expect(isActorError(error) && error.code).toBe("bad-message");
        }
      }),
    );
  });

  it("is refused a fault that lasts too long, or that no peer can do to itself", async () => {
    const system = createActorSystem({ peer: FROM });
    onTestFinished(() => system.stop());
    const replyTo = system.resolve(`parley://${FROM}/who-asks`);
    const order = (fault: object) =>
      acceptsChaosRequest({ type: "chaos", order: { do: "hurt", fault }, replyTo }, FROM).order;
    expect(order(FAULT)).toEqual({ do: "hurt", fault: FAULT });
    const wrong = [{ holdMs: 30_001 }, { holdMs: 1 }, { kind: "blink" }, { more: 1 }, { id: "1" }, { by: "" }];
    for (const each of wrong) expect(() => order({ ...FAULT, ...each })).toThrow(/who orders a fault/);
  });
});

/** A peer that is prime of a house of three, as far as it matters. */
function house(given: { readonly refuses?: string; readonly doing?: SessionDoing; readonly account?: string } = {}) {
  const cluster = new FakeCluster();
  cluster.members = [...cluster.members, fakePeer("cellar", "C"), fakePeer("kitchen", "K")];
  const begun: Fault[] = [];
  const noted: object[] = [];
  const chaos = new HouseChaos({
    name: "attic",
    cluster,
    own: {
      bearing: async () => ({ isAllowed: true, impossible: {}, notes: [] }),
      whyNot: async () => (given.refuses === undefined ? undefined : { message: given.refuses, nextStep: "Wait." }),
      begin: async (fault) => void begun.push(fault),
      running: undefined,
    },
    sessions: () => [{ account: given.account ?? "tablet", doing: given.doing ?? "idle" }],
    isHeardHere: () => false,
    knows: (account) => account === FAULT.account,
    audit: { note: async (entry) => void noted.push(entry) },
    log: noLog,
    nowMs: () => 0,
  });
  return { chaos, cluster, begun, noted };
}

describe("a fault that is ordered", () => {
  it("is done, and written down with whose it was, where the prime permits it", async () => {
    const { chaos, begun, noted, cluster } = house();
    expect(await chaos.hurt("attic", FAULT)).toEqual({ peerId: cluster.peerId, name: "attic" });
    expect(begun).toEqual([FAULT]);
    expect(noted).toEqual([
      {
        actor: "owner",
        action: "chaos.fault",
        target: "attic",
        outcome: "done",
        details: { kind: "slow", holdMs: 1_000 },
      },
    ]);
    await expect(chaos.hurt("attic", { ...FAULT, id: crypto.randomUUID() })).rejects.toMatchObject({
      message: "attic: a fault of attic is not over yet",
    });
  });

  it("is refused by the peer itself, by a house that is not whole, without a prime, and where somebody talks", async () => {
    const cases = [
      { given: house({ refuses: "not here" }), why: "attic: not here" },
      { given: house({ doing: "asking" }), why: "attic: somebody is in the middle of a turn there" },
      { given: house({ doing: "talking" }), why: "attic: somebody is in the middle of a turn there" },
    ];
    const apart = house();
    apart.cluster.members = apart.cluster.members.map((each) => ({ ...each, isPrime: false }));
    cases.push({ given: apart, why: "attic: there is no prime now that could be asked whether the house bears it" });
    const torn = house();
    torn.cluster.members = torn.cluster.members.map((each) => ({ ...each, isOnline: each.name !== "cellar" }));
    cases.push({ given: torn, why: "attic: the house is not whole: cellar cannot be reached" });
    for (const { given, why } of cases) {
      await expect(given.chaos.hurt("attic", FAULT)).rejects.toMatchObject({ code: "not-ready", message: why });
      expect([given.begun, given.noted]).toEqual([[], []]);
    }
  });

  it("does not mind who is asked to be passed over, nor the turns of the conversation itself", async () => {
    const own = house({ doing: "asking", account: FAULT.account });
    await own.chaos.hurt("attic", FAULT);
    const others = house({ doing: "talking" });
    await others.chaos.hurt("attic", { ...FAULT, withPeople: true });
    expect([own.begun.length, others.begun.length]).toEqual([1, 1]);
  });

  it("says who is unknown, or does not answer", async () => {
    const { chaos } = house();
    await expect(chaos.hurt("nobody", FAULT)).rejects.toMatchObject({ code: "no-such-peer" });
    await expect(chaos.hurt("cellar", FAULT)).rejects.toMatchObject({ code: "unreachable" });
    expect((await chaos.all(FAULT.account)).map(({ name, look }) => [name, look?.knowsAccount])).toEqual([
      ["attic", true],
      ["cellar", undefined],
      ["kitchen", undefined],
    ]);
  });
});
