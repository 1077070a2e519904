/** Only entries of the leader's own term are committed by counting replicas (section 3.6.2). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "commits-are-of-the-own-term";

export function commitsAreOfTheOwnTerm(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    committed({ id }, index, term) {
      const entry = chronicle.committedAt(index);
      demand(
        entry?.term === term,
        NAME,
        () => `leader ${id} of term ${term} commits up to ${index}, an entry of term ${entry?.term}`,
      );
    },
  };
}
