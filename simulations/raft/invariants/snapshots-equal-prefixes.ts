/** A snapshot is what applying the committed log up to its index makes (chapter 5). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "snapshots-equal-prefixes";

export function snapshotsEqualPrefixes(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    restored({ id }, { index, term }, digest) {
      const entry = chronicle.committedAt(index);
      demand(
        digest !== undefined &&
          digest === chronicle.digestAt(index, digest) &&
          (entry === undefined || entry.term === term),
        NAME,
        () => `node ${id} became a snapshot at ${index} of term ${term} that the committed log does not make`,
      );
    },
  };
}
