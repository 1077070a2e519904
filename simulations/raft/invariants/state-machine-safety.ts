/** State Machine Safety: no two servers apply different entries at the same index, or come to different states (section 3.2). */
import { demand } from "../../kit/violation.ts";
import { sameEntry, type Chronicle, type Invariant } from "../chronicle.ts";

const NAME = "state-machine-safety";

export function stateMachineSafety(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    applying({ id }, entry) {
      const committed = chronicle.committedAt(entry.index);
      demand(committed !== undefined, NAME, () => `node ${id} applies ${entry.index}, which is not committed`);
      demand(
        committed.term === entry.term && sameEntry(committed, entry),
        NAME,
        () => `node ${id} applies term ${entry.term} at ${entry.index}, where term ${committed.term} is committed`,
      );
    },
    applied({ id }, index, digest) {
      demand(
        digest !== undefined && digest === chronicle.digestAt(index, digest),
        NAME,
        () => `node ${id} comes to another state at ${index}`,
      );
    },
  };
}
