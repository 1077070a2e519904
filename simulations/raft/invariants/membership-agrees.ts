/** Every node's configuration is the one its applied log describes; voters and learners stay apart. */
import type { ConfState } from "@parley/raft";
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "membership-agrees";

export function membershipAgrees(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    state({ id, status: { confState, role }, before, applied }) {
      // A follower that was sent a snapshot counts by it before it is durable.
      if (before === undefined || role !== "leader") return;
      const expected = chronicle.confAt(applied);
      demand(
        expected !== undefined && same(confState, expected),
        NAME,
        () => `node ${id} at ${applied} counts by ${JSON.stringify(confState)}, not ${JSON.stringify(expected)}`,
      );
    },
    restored({ id }, { index, confState }) {
      const expected = chronicle.confAt(index);
      demand(
        expected === undefined || same(confState, expected),
        NAME,
        () =>
          `a snapshot of node ${id} at ${index} holds ${JSON.stringify(confState)}, not ${JSON.stringify(expected)}`,
      );
    },
  };
}

function same(a: ConfState, b: ConfState): boolean {
  return (
    a === b ||
    (a.voters.join() === b.voters.join() &&
      a.votersOutgoing.join() === b.votersOutgoing.join() &&
      a.learners.join() === b.learners.join() &&
      a.learnersNext.join() === b.learnersNext.join() &&
      a.autoLeave === b.autoLeave)
  );
}
