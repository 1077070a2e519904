/** A write that a client was told of is committed where it was said to be, and stays there. */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "acknowledged-writes-survive";

export function acknowledgedWritesSurvive(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    wrote({ name, node, index, position, floor }) {
      demand(
        index <= chronicle.lastCommitted,
        NAME,
        () => `node ${node} acknowledges ${name} at ${index}, which is not committed`,
      );
      // Real-time order: it cannot stand before what was known when it began.
      demand(position > floor, NAME, () => `${name} took place ${position}, but ${floor} were known when it began`);
    },
  };
}
