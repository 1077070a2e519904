/** A snapshot is what applying the committed log up to its index makes (chapter 5). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";
import { Machine } from "../machine.ts";

const NAME = "snapshots-equal-prefixes";

export function snapshotsEqualPrefixes(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    snapshot({ id }, snapshot) {
      const { index, term } = snapshot;
      const entry = chronicle.committedAt(index);
      const machine = new Machine();
      machine.restore(snapshot);
      demand(
        machine.digest === chronicle.digestAt(index) && (entry === undefined || entry.term === term),
        NAME,
        () => `node ${id} has a snapshot at ${index} of term ${term} that the committed log does not make`,
      );
    },
  };
}
