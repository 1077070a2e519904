/** State Machine Safety: no two servers apply different entries at the same index (section 3.2), and none is skipped. */
import { demand } from "../../kit/violation.ts";
import { sameEntry, type Chronicle, type Invariant } from "../chronicle.ts";

const NAME = "state-machine-safety";

export function stateMachineSafety(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    applying({ id, applied }, entry) {
      demand(entry.index === applied + 1, NAME, () => `node ${id} applies ${entry.index} after ${applied}`);
      const committed = chronicle.committedAt(entry.index);
      demand(committed !== undefined, NAME, () => `node ${id} applies ${entry.index}, which is not committed`);
      demand(
        committed.term === entry.term && sameEntry(committed, entry),
        NAME,
        () => `node ${id} applies term ${entry.term} at ${entry.index}, where term ${committed.term} is committed`,
      );
    },
    applied({ id }, index, digest) {
      demand(digest === chronicle.digestAt(index), NAME, () => `node ${id} comes to another state at ${index}`);
    },
  };
}
