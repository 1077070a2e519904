import { describe, expect, it } from "vitest";
import type { LeadershipNow } from "@parley/actors";
import { VirtualClock } from "@parley/actors/testing";
import { ALONE_AFTER_MS, APART_AFTER_MS, isAlone, Quorum } from "../../../src/services/session/quorum.ts";

function watched(alone: { is: boolean } = { is: false }) {
  const clock = new VirtualClock();
  const heard: boolean[] = [];
  const watchers = new Set<() => void>();
  let now: LeadershipNow = { leader: "a", term: 1 };
  const leadership = {
    current: () => now,
    watch: (changed: () => void) => {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
  const quorum = new Quorum({ leadership, clock, isAlone: () => alone.is, changed: (isApart) => heard.push(isApart) });
  const lead = (leader: string | undefined): void => {
    now = { leader, term: now.term + 1 };
    for (const changed of watchers) changed();
  };
  return { clock, heard, quorum, lead, watchers };
}

describe("a side of a house", () => {
  it("is apart once nobody has led it for long, and whole as soon as somebody does", async () => {
    const { clock, heard, quorum, lead } = watched();
    lead(undefined);
    await clock.pass(APART_AFTER_MS - 1);
    // Another round of the same election.
    lead(undefined);
    expect(quorum.isApart).toBe(false);
    await clock.pass(1);
    expect(quorum.isApart).toBe(true);
    lead("b");
    expect([quorum.isApart, heard]).toEqual([false, [true, false]]);
  });

  it("is apart soon where it cannot reach most voters and nobody leads it", async () => {
    const alone = { is: true };
    const { clock, quorum, lead } = watched(alone);
    await clock.pass(APART_AFTER_MS);
    // Whoever leads it is of its side.
    expect(quorum.isApart).toBe(false);
    lead(undefined);
    await clock.pass(ALONE_AFTER_MS - 1);
    expect(quorum.isApart).toBe(false);
    await clock.pass(1);
    expect(quorum.isApart).toBe(true);
    lead("b");
    alone.is = false;
    lead(undefined);
    await clock.pass(APART_AFTER_MS - 300);
    expect(quorum.isApart).toBe(false);
    // The last of the others is lost in the midst of an election.
    alone.is = true;
    await clock.pass(200);
    expect(quorum.isApart).toBe(true);
  });

  it("counts voters alone, and itself among them", () => {
    const peer = (role: "voter" | "learner", isOnline: boolean, isSelf = false) => ({ role, isOnline, isSelf });
    const self = peer("voter", false, true);
    expect(isAlone([])).toBe(false);
    expect(isAlone([self])).toBe(false);
    expect(isAlone([self, peer("voter", true), peer("voter", false)])).toBe(false);
    expect(isAlone([self, peer("voter", false), peer("voter", false), peer("learner", true)])).toBe(true);
    // Of two, one is no majority.
    expect(isAlone([self, peer("voter", false)])).toBe(true);
    expect(isAlone([peer("learner", true, true), peer("voter", true), peer("voter", true), peer("voter", false)])).toBe(
      false,
    );
  });

  it("is not apart for an election", async () => {
    const { clock, heard, lead } = watched();
    lead(undefined);
    await clock.pass(APART_AFTER_MS - 1);
    lead("b");
    await clock.pass(APART_AFTER_MS);
    expect([heard, clock.timers]).toEqual([[], 0]);
  });

  it("tells nobody any more once it is closed", async () => {
    const { clock, heard, quorum, lead, watchers } = watched();
    lead(undefined);
    quorum.close();
    await clock.pass(APART_AFTER_MS);
    expect([heard, watchers.size]).toEqual([[], 0]);
  });
});
