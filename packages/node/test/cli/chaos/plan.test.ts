import { describe, expect, it } from "vitest";
import { hasOneVoice, isAllowedAnywhere, kindsOf, peersNamed, planOf } from "../../../src/cli/chaos/plan.ts";
import { notWhole } from "../../../src/cli/chaos/house.ts";
import { FAULTS } from "../../../src/services/chaos/faults.ts";
import { houseOf, LOOK, peerOf, SERVICES } from "./house-of.ts";

const WISHES = { faults: FAULTS, turns: 8, seed: 1, peers: undefined, holdMs: undefined };
const THREE = houseOf("attic", "cellar", "kitchen");

describe("what may be done to a house", () => {
  it("is all of it where three allow it", () => {
    const { mayBeHurt, leftOut, notes } = planOf(WISHES, THREE, SERVICES);
    expect([...mayBeHurt.keys()]).toEqual(FAULTS);
    expect(mayBeHurt.get("kill")).toEqual(THREE);
    expect([leftOut, notes]).toEqual([[], []]);
  });

  it("is only what two bear, and why is said", () => {
    const { mayBeHurt, leftOut, schedule, notes } = planOf(WISHES, houseOf("attic", "cellar"), SERVICES);
    expect([...mayBeHurt.keys()]).toEqual(["slow", "drain", "blink"]);
    expect(leftOut).toHaveLength(6);
    expect(leftOut[0]).toMatchObject({ fault: "kill", peer: "attic", why: expect.stringContaining("1 of 2 voters") });
    expect(schedule.turns.map(({ fault }) => fault?.kind)).not.toContain("kill");
    expect(notes).toEqual([expect.stringContaining("two peers")]);
  });

  it("is blink alone with one", () => {
    expect([...planOf(WISHES, houseOf("attic"), SERVICES).mayBeHurt.keys()]).toEqual(["blink"]);
  });

  it("is nothing of what a peer does not allow, or cannot", () => {
    const peers = [
      peerOf("attic", { look: { ...LOOK, isAllowed: false } }),
      peerOf("cellar", { look: { ...LOOK, impossible: { kill: "nobody would start it again" } } }),
      peerOf("kitchen", { look: null }),
    ];
    const { mayBeHurt, leftOut } = planOf({ ...WISHES, faults: ["kill", "stop"] }, peers, SERVICES);
    expect([...mayBeHurt].map(([kind, able]) => [kind, able.map(({ name }) => name)])).toEqual([["stop", ["cellar"]]]);
    expect(leftOut.map(({ fault, peer }) => `${fault} ${peer}`)).toEqual([
      "kill attic",
      "kill cellar",
      "kill kitchen",
      "stop attic",
      "stop kitchen",
    ]);
    expect(isAllowedAnywhere(peers)).toBe(true);
    expect(isAllowedAnywhere(peers.map((peer) => ({ ...peer, look: null })))).toBe(false);
  });

  it("keeps to the peers that were named, in any way", () => {
    expect(peersNamed(undefined, THREE)).toBeUndefined();
    expect(peersNamed(["cellar", THREE[2]?.peerId ?? ""], THREE)).toEqual(THREE.slice(1));
    expect(() => peersNamed(["garage"], THREE)).toThrow("no peer is called garage");
    const { mayBeHurt } = planOf({ ...WISHES, peers: THREE.slice(1) }, THREE, SERVICES);
    expect(mayBeHurt.get("stop")).toEqual(THREE.slice(1));
  });

  it("is talked with as far as somebody speaks and thinks", () => {
    expect(kindsOf(SERVICES)).toEqual(["say", "ask"]);
    expect(kindsOf({ llm: SERVICES.llm })).toEqual(["ask"]);
    expect(planOf(WISHES, THREE, { tts: SERVICES.tts }).schedule.turns.map(({ kind }) => kind)).not.toContain("ask");
    expect(hasOneVoice(SERVICES)).toBe(true);
    expect(hasOneVoice({ tts: { ...SERVICES.tts, elsewhere: [{ model: "another" }] } })).toBe(false);
  });
});

describe("a house", () => {
  it("is whole when all are there, one is prime, and nothing is done to it", () => {
    const [, ...others] = THREE;
    expect(notWhole(THREE)).toBeUndefined();
    expect(notWhole([peerOf("attic"), ...others])).toBe("there is no prime");
    expect(notWhole([peerOf("attic", { isPrime: true, look: null }), ...others])).toContain("attic does not answer");
    expect(notWhole([peerOf("attic", { isPrime: true, look: { ...LOOK, running: "slow" } }), ...others])).toContain(
      "is not over",
    );
    expect(notWhole([peerOf("attic", { isOnline: false }), ...others])).toBe("attic cannot be reached");
  });
});
