import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PEER_FAULTS, takesAway } from "../../../src/services/chaos/faults.ts";
import { Permits, whyNeverBorne, whyNotBorne, whyNotWhole, type Borne } from "../../../src/services/chaos/limits.ts";

const peer = (peerId: string, more: Partial<Borne> = {}): Borne => {
  return { peerId, name: `peer ${peerId}`, role: "voter", isOnline: true, isDraining: false, ...more };
};
const THREE = [peer("a"), peer("b"), peer("c")];
const ID = "00000000-0000-4000-8000-000000000001";
const OTHER_ID = "00000000-0000-4000-8000-000000000002";

/** Most are whole: only those may be hurt. */
const seldom = fc.nat(19).map((drawn) => drawn === 0);
const anyHouse = fc.array(
  fc.record({
    role: fc.constantFrom("voter", "voter", "voter", "learner"),
    isJoining: seldom,
    isAway: seldom,
    isDraining: seldom,
  }),
  { minLength: 1, maxLength: 7 },
);

describe("a house that is hurt", () => {
  it("is left with a majority of its voters, and was whole before, whatever house it is", () => {
    fc.assert(
      fc.property(anyHouse, fc.constantFrom(...PEER_FAULTS), fc.nat(6), (house, kind, at) => {
        const peers = house.map(({ role, isJoining, isAway, isDraining }, index) =>
          // Some peer votes in every house.
          peer(`${index}`, {
            role: index === 0 ? "voter" : isJoining ? "joining" : role,
            isOnline: !isAway,
            isDraining,
          }),
        );
        const victim = `${at % peers.length}`;
        if (whyNotBorne(kind, victim, peers) !== undefined) return;
        expect(
          peers.every(({ isOnline, isDraining, role }) => isOnline && isDraining !== true && role !== "joining"),
        ).toBe(true);
        const voters = peers.filter(({ role }) => role === "voter");
        const left = takesAway(kind) ? voters.filter(({ peerId }) => peerId !== victim) : voters;
        expect(left.length).toBeGreaterThan(voters.length / 2);
        expect(peers.length).toBeGreaterThan(1);
      }),
    );
  });

  it("bears the loss of one of three, and of a learner beside two", () => {
    expect(PEER_FAULTS.map((kind) => whyNotBorne(kind, "b", THREE))).toEqual(PEER_FAULTS.map(() => undefined));
    const two = [peer("a"), peer("b"), peer("c", { role: "learner" })];
    expect(whyNeverBorne("kill", "c", two)).toBeUndefined();
    expect(whyNeverBorne("kill", "a", two)?.message).toContain("1 of 2 voters would be left, and 2 are needed");
  });

  it("of two bears only what takes nobody away, and alone nothing", () => {
    const two = [peer("a"), peer("b")];
    const borne = PEER_FAULTS.filter((kind) => whyNeverBorne(kind, "a", two) === undefined);
    expect(borne).toEqual(["slow", "drain"]);
    expect(PEER_FAULTS.filter((kind) => whyNeverBorne(kind, "a", [peer("a")]) === undefined)).toEqual([]);
    expect(whyNeverBorne("slow", "stranger", THREE)).toBeDefined();
  });

  it("says who is missing", () => {
    expect(whyNotWhole(THREE)).toBeUndefined();
    expect(whyNotWhole([peer("a"), peer("b", { isOnline: false })])).toBe("peer b cannot be reached");
    expect(whyNotWhole([peer("a"), peer("b", { isDraining: true })])).toBe("peer b drains");
    expect(whyNotWhole([peer("a"), peer("b", { role: "joining" })])).toBe("peer b is still joining");
  });
});

describe("what the prime permits", () => {
  it("never overlaps, whoever asks for what and when", () => {
    const asked = fc.record({
      afterMs: fc.nat(4_000),
      kind: fc.constantFrom(...PEER_FAULTS),
      holdMs: fc.integer({ min: 500, max: 3_000 }),
      peer: fc.constantFrom("a", "b", "c"),
    });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30 }), (all) => {
        const permits = new Permits();
        let [nowMs, overMs] = [0, 0];
        for (const { afterMs, ...fault } of all) {
          nowMs += afterMs;
          if (permits.ask({ id: ID, ...fault }, THREE, nowMs) !== undefined) continue;
          expect(nowMs).toBeGreaterThanOrEqual(overMs);
          overMs = nowMs + fault.holdMs;
        }
      }),
    );
  });

  it("waits at whoever heeds what another one permits, and for its whole time", () => {
    const permits = new Permits();
    const fault = { id: ID, holdMs: 1_000, peer: "a" };
    expect(permits.heed(fault, THREE, 0)).toBeUndefined();
    expect(permits.heed(fault, THREE, 1_000)).toBeUndefined();
    const other = { id: OTHER_ID, kind: "slow", holdMs: 1_000, peer: "b" } as const;
    for (const next of [permits.heed(other, THREE, 2_000), permits.ask(other, THREE, 2_000)]) {
      expect(next?.message).toBe("a fault of peer a is not over yet");
    }
    expect(permits.ask(other, THREE, 2_500)).toBeUndefined();
  });

  it("is free again when it was not done after all, and only then", () => {
    const permits = new Permits();
    const fault = { kind: "stop", holdMs: 1_000, peer: "a" } as const;
    expect(permits.ask({ id: ID, ...fault }, THREE, 0)).toBeUndefined();
    permits.release(OTHER_ID);
    expect(permits.ask({ id: OTHER_ID, ...fault }, THREE, 100)?.message).toBe("a fault of peer a is not over yet");
    permits.release(ID);
    expect(permits.ask({ id: OTHER_ID, ...fault }, THREE, 100)).toBeUndefined();
  });
});
