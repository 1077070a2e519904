/** Why a session is where it is. */
import { describe, expect, it } from "vitest";
import {
  asCut,
  HAND_OVERS_MAX,
  whyMoved,
  withHandOver,
  type HandOver,
} from "../../../src/services/session/hand-over.ts";

const peers = [
  { peerId: "me", isSelf: true, isOnline: true },
  { peerId: "there", isSelf: false, isOnline: true },
  { peerId: "draining", isSelf: false, isOnline: true, isDraining: true },
  { peerId: "dead", isSelf: false, isOnline: false },
];

describe("the reason of a hand-over", () => {
  it.for([
    ["me", "restarted"],
    ["there", "balance"],
    ["draining", "drained"],
    ["dead", "host-died"],
    ["unknown", "host-died"],
  ] as const)("is what is known of the peer before: %s, %s", ([from, why]) => {
    expect(whyMoved(peers, from)).toBe(why);
  });

  it("is never balance where a turn was cut: that peer was stopping", () => {
    expect(asCut("balance", true)).toBe("drained");
    expect(asCut("balance", false)).toBe("balance");
    expect(asCut("host-died", true)).toBe("host-died");
  });

  it("is kept of the latest, and of whoever has taken the session up last", () => {
    const at = (atMs: number, why: HandOver["why"]): HandOver => ({ atMs, from: "a", to: "b", why });
    let all: readonly HandOver[] = [];
    for (let n = 0; n < 20; n += 1) all = withHandOver(all, at(n, n === 3 ? "continued" : "balance"));
    expect(all).toHaveLength(HAND_OVERS_MAX);
    expect(all[0]).toEqual(at(3, "continued"));
    expect(all.at(-1)).toEqual(at(19, "balance"));
  });
});
