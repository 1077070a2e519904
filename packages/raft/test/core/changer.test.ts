import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeSimply, enterJoint, leaveJoint, restoreMembership } from "../../src/core/changer.ts";
import type { ConfChangeStep } from "../../src/core/conf-change.ts";
import { Tracker } from "../../src/core/tracker.ts";
import type { ConfState } from "../../src/core/types.ts";
import { isRaftError } from "../../src/errors.ts";

const LAST_INDEX = 10;

const steps = fc.array(
  fc.record({
    operation: fc.constantFrom<ConfChangeStep["operation"]>("add-voter", "remove", "update", "add-learner"),
    node: fc.integer({ min: 0, max: 6 }),
  }),
  { minLength: 1, maxLength: 4 },
);

const changes = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("simple" as const), steps: steps.map((list) => list.slice(0, 1)) }),
    fc.record({ kind: fc.constant("enter" as const), steps, autoLeave: fc.boolean() }),
    fc.record({ kind: fc.constant("leave" as const) }),
  ),
  { maxLength: 12 },
);

/** A tracker that starts with the given voters. */
function trackerOf(voters: readonly number[]): Tracker {
  const tracker = new Tracker({ maxInflightMessages: 8, maxInflightBytes: 0 });
  const state: ConfState = { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  return moved(tracker, restoreMembership(tracker, LAST_INDEX, state));
}

function moved(tracker: Tracker, to: ReturnType<typeof leaveJoint>): Tracker {
  const next = new Tracker(tracker.limits);
  next.configuration = to.configuration;
  next.progress = to.progress;
  return next;
}

/** What a list of steps makes of voters and learners, said plainly. */
function plainly(state: ConfState, list: readonly ConfChangeStep[]): { voters: number[]; learners: number[] } {
  const voters = new Set(state.voters);
  const learners = new Set(state.learners);
  for (const { operation, node } of list) {
    if (node === 0 || operation === "update") continue;
    voters.delete(node);
    learners.delete(node);
    if (operation === "add-voter") voters.add(node);
    if (operation === "add-learner") learners.add(node);
  }
  const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);
  return { voters: sorted(voters), learners: sorted(learners) };
}

describe("a membership change", () => {
  it("does what its steps say, in one step or through a joint configuration, or is refused and changes nothing", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        changes,
        (voters, all) => {
          let tracker = trackerOf(voters);
          let target: { voters: number[]; learners: number[] } | undefined;
          for (const change of all) {
            const before = tracker.confState();
            const wasJoint = tracker.isJoint;
            try {
              if (change.kind === "leave") {
                tracker = moved(tracker, leaveJoint(tracker));
                expect(wasJoint).toBe(true);
                expect(tracker.confState()).toMatchObject({
                  ...target,
                  votersOutgoing: [],
                  learnersNext: [],
                  autoLeave: false,
                });
              } else {
                const expected = plainly(before, change.steps);
                const next =
                  change.kind === "simple"
                    ? changeSimply(tracker, LAST_INDEX, change.steps)
                    : enterJoint(tracker, LAST_INDEX, change.autoLeave, change.steps);
                tracker = moved(tracker, next);
                expect(wasJoint).toBe(false);
                const after = tracker.confState();
                expect(after.voters).toEqual(expected.voters);
                if (change.kind === "enter") {
                  expect(after).toMatchObject({ votersOutgoing: before.voters, autoLeave: change.autoLeave });
                  target = expected;
                } else {
                  expect(after.learners).toEqual(expected.learners);
                }
              }
            } catch (error) {
              if (!isRaftError(error, "bad-membership-change")) throw error;
              expect(tracker.confState()).toEqual(before);
            }
            // Whoever votes or learns is sent the log, and nobody else.
            const { voters: incoming, votersOutgoing, learners, learnersNext } = tracker.confState();
            const members = new Set([...incoming, ...votersOutgoing, ...learners, ...learnersNext]);
            expect(new Set(tracker.progress.keys())).toEqual(members);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("can be taken up from a snapshot wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        changes,
        (voters, all) => {
          let tracker = trackerOf(voters);
          for (const change of all) {
            try {
              if (change.kind === "leave") tracker = moved(tracker, leaveJoint(tracker));
              else if (change.kind === "simple")
                tracker = moved(tracker, changeSimply(tracker, LAST_INDEX, change.steps));
              else tracker = moved(tracker, enterJoint(tracker, LAST_INDEX, change.autoLeave, change.steps));
            } catch (error) {
              if (!isRaftError(error, "bad-membership-change")) throw error;
            }
            const state = tracker.confState();
            const fresh = new Tracker(tracker.limits);
            expect(moved(fresh, restoreMembership(fresh, LAST_INDEX, state)).confState()).toEqual(state);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("of more than one voter at once needs a joint configuration", () => {
    const swap: ConfChangeStep[] = [
      { operation: "add-voter", node: 4 },
      { operation: "remove", node: 1 },
    ];
    expect(() => changeSimply(trackerOf([1, 2, 3]), LAST_INDEX, swap)).toThrow("without a joint configuration");
    const joint = enterJoint(trackerOf([1, 2, 3]), LAST_INDEX, true, swap).configuration.voters;
    expect([[...joint.incoming].toSorted((a, b) => a - b), [...joint.outgoing].toSorted((a, b) => a - b)]).toEqual([
      [2, 3, 4],
      [1, 2, 3],
    ]);
  });

  it("never leaves a cluster without voters", () => {
    const remove: ConfChangeStep[] = [{ operation: "remove", node: 1 }];
    expect(() => changeSimply(trackerOf([1]), LAST_INDEX, remove)).toThrow("no voter would be left");
    expect(() => enterJoint(trackerOf([1]), LAST_INDEX, true, remove)).toThrow("no voter would be left");
  });
});
