import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/driver/histogram.ts";
import { Proposals, type Ending, type Proposal } from "../../src/driver/proposals.ts";
import { Reads } from "../../src/driver/reads.ts";
import type { Entry, ReadOutcome } from "../../src/index.ts";

const ORIGIN = 42;

function proposalsWith(limits = { maxProposals: 10, maxProposalBytes: 1_000 }) {
  const proposals = new Proposals(limits, ORIGIN, new Histogram());
  const endings = new Map<number, Ending>();
  const add = (number: number, given: Partial<Proposal> = {}): Proposal => {
    const proposal: Proposal = {
      name: { origin: ORIGIN, number },
      kind: "command",
      data: new Uint8Array(10),
      forward: false,
      deadlineMs: 100,
      askedMs: 0,
      settle: (ending) => endings.set(number, ending),
      ...given,
    };
    proposals.add(proposal);
    return proposal;
  };
  return { proposals, endings, add };
}

function entry(index: number, term: number, bytes = 3): Entry {
  return { index, term, type: "normal", data: new Uint8Array(bytes) };
}

describe("proposals", () => {
  it("are refused beyond the bounds in number and bytes, and taken again when there is room", () => {
    const { proposals, endings, add } = proposalsWith({ maxProposals: 2, maxProposalBytes: 25 });
    const first = add(1);
    add(2, { data: new Uint8Array(16) });
    expect(endings.get(2)).toMatchObject({ reason: "overloaded" });
    add(3);
    add(4, { data: new Uint8Array(1) });
    expect(endings.get(4)).toMatchObject({ reason: "overloaded" });
    proposals.takeWaiting();
    proposals.place(first, { index: 5, term: 1 });
    proposals.settle(first, { outcome: "applied", index: 5, term: 1, result: new Uint8Array() }, 3);
    add(5);
    expect(endings.has(5)).toBe(false);
    expect(proposals.bytes).toBe(20);
  });

  it("end only with an entry of their own name, not with whatever stands at their index", () => {
    const { proposals, endings, add } = proposalsWith();
    const mine = add(1);
    proposals.takeWaiting();
    proposals.place(mine, { index: 5, term: 1 });
    expect(proposals.find({ origin: ORIGIN + 1, number: 1 })).toBeUndefined();
    expect(proposals.find({ origin: ORIGIN, number: 1 })).toBe(mine);
    proposals.passed(entry(5, 2), 1);
    expect(endings.get(1)).toMatchObject({ outcome: "refused", reason: "superseded" });
  });

  it("that stand later in the log are superseded as soon as a new leader's first entry is applied", () => {
    const { proposals, endings, add } = proposalsWith();
    for (const number of [1, 2, 3]) add(number);
    for (const [i, each] of proposals.takeWaiting().entries()) proposals.place(each, { index: 7 + i, term: 1 });
    const passedOn = add(4);
    proposals.takeWaiting();
    proposals.place(passedOn, undefined);
    proposals.passed(entry(6, 2, 0), 1);
    for (const number of [1, 2, 3]) expect(endings.get(number)).toMatchObject({ reason: "superseded" });
    expect(endings.has(4)).toBe(false);
  });

  it("are not superseded by entries of their own term", () => {
    const { proposals, endings, add } = proposalsWith();
    add(1);
    for (const each of proposals.takeWaiting()) proposals.place(each, { index: 9, term: 3 });
    proposals.passed(entry(8, 3, 0), 1);
    proposals.passed(entry(7, 2, 0), 1);
    expect(endings.size).toBe(0);
  });

  it("are unknown after their deadline when they were placed, and refused when they were not", () => {
    const { proposals, endings, add } = proposalsWith();
    const placed = add(1);
    proposals.takeWaiting();
    proposals.place(placed, { index: 5, term: 1 });
    add(2, { deadlineMs: 50 });
    proposals.expire(49);
    expect(endings.size).toBe(0);
    proposals.expire(50);
    expect(endings.get(2)).toMatchObject({ outcome: "refused", reason: "deadline" });
    proposals.expire(100);
    expect(endings.get(1)).toMatchObject({ outcome: "unknown", reason: "deadline" });
    expect(proposals.count).toBe(0);
    expect(proposals.bytes).toBe(0);
  });

  it("are unknown when a snapshot took the place of their entries", () => {
    const { proposals, endings, add } = proposalsWith();
    add(1);
    add(2);
    for (const [i, each] of proposals.takeWaiting().entries()) proposals.place(each, { index: 5 + i, term: 1 });
    proposals.overtaken(5, 1);
    expect(endings.get(1)).toMatchObject({ outcome: "unknown", reason: "overtaken-by-snapshot" });
    expect(endings.has(2)).toBe(false);
  });

  it("of a member who does not lead say who does, unless they may be passed on", () => {
    const { proposals, endings, add } = proposalsWith();
    add(1);
    add(2, { forward: true });
    proposals.notLeader(3);
    expect(endings.get(1)).toEqual({ outcome: "not-leader", leader: 3 });
    expect(endings.has(2)).toBe(false);
    proposals.stop();
    expect(endings.get(2)).toMatchObject({ outcome: "refused", reason: "stopped" });
  });
});

describe("reads", () => {
  function readsWith(max = 10) {
    const reads = new Reads(max, ORIGIN, new Histogram());
    const outcomes: ReadOutcome[] = [];
    const add = (deadlineMs = 100): void =>
      reads.add({ askedMs: 0, deadlineMs, settle: (outcome) => void outcomes.push(outcome) });
    return { reads, outcomes, add };
  }

  it("that come together share a round, and wait until its index is applied", () => {
    const { reads, outcomes, add } = readsWith();
    add();
    add();
    const context = reads.begin(0);
    expect(reads.begin(0)).toBeUndefined();
    add();
    reads.confirmed(context ?? new Uint8Array(), 7);
    reads.serve(6, 1);
    expect(outcomes).toEqual([]);
    reads.serve(8, 1);
    expect(outcomes).toEqual([
      { outcome: "readable", index: 8 },
      { outcome: "readable", index: 8 },
    ]);
    expect(reads.count).toBe(1);
  });

  it("are not served by the answer to another life's round, nor twice", () => {
    const { reads, outcomes, add } = readsWith();
    const other = new Reads(1, ORIGIN + 1, new Histogram());
    other.add({ askedMs: 0, deadlineMs: 1, settle: () => undefined });
    add();
    const context = reads.begin(0) ?? new Uint8Array();
    reads.confirmed(other.begin(0) ?? new Uint8Array(), 1);
    reads.serve(10, 1);
    expect(outcomes).toEqual([]);
    reads.retry(0);
    reads.confirmed(context, 1);
    reads.serve(10, 1);
    expect(outcomes).toEqual([]);
    const again = reads.begin(1) ?? new Uint8Array();
    reads.confirmed(again, 1);
    reads.confirmed(again, 1);
    reads.serve(10, 1);
    expect(outcomes).toHaveLength(1);
  });

  it("are refused beyond the bound, at their deadline, and when the node stops", () => {
    const { reads, outcomes, add } = readsWith(3);
    add(10);
    reads.begin(0);
    add(20);
    add();
    add();
    expect(outcomes).toMatchObject([{ reason: "overloaded" }]);
    reads.expire(10, undefined);
    reads.expire(20, 2);
    expect(outcomes.slice(1)).toMatchObject([{ reason: "deadline" }, { reason: "deadline" }]);
    reads.stop();
    expect(outcomes.at(-1)).toMatchObject({ reason: "stopped" });
    expect(reads.count).toBe(0);
  });
});
