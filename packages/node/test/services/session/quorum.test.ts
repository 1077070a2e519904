import { describe, expect, it } from "vitest";
import type { LeadershipNow } from "@parley/actors";
import { VirtualClock } from "@parley/actors/testing";
import { APART_AFTER_MS, Quorum } from "../../../src/services/session/quorum.ts";

function watched() {
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
  const quorum = new Quorum({ leadership, clock, changed: (isApart) => heard.push(isApart) });
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
