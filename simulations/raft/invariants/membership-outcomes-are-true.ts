/** A membership change that is said to be in force is: the log says so at that index, and the old voters decide nothing any more. */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "membership-outcomes-are-true";

export function membershipOutcomesAreTrue(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    changed({ id }, { outcome }) {
      if (outcome.outcome !== "committed") return;
      const { index, term, confState } = outcome;
      const entry = chronicle.committedAt(index);
      const expected = chronicle.confAt(index);
      demand(
        entry?.term === term &&
          entry.type !== "normal" &&
          confState.votersOutgoing.length === 0 &&
          JSON.stringify(expected) === JSON.stringify(confState),
        NAME,
        () =>
          `node ${id} says ${JSON.stringify(confState)} since ${index} of term ${term}: ${JSON.stringify(expected)}`,
      );
    },
  };
}
