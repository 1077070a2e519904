/**
 * An entry is committed only once it is durable on a majority of the voters, of both halves in a joint configuration
 * (sections 3.5, 3.8, 4.3). Looked up on the disks; learners never count.
 */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";
import { isQuorum } from "../membership-model.ts";

const NAME = "commits-have-a-quorum";

export function commitsHaveAQuorum(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    committed({ id, applied }, index, term) {
      const entryTerm = chronicle.committedAt(index)?.term ?? 0;
      const holders = new Set<number>();
      for (const view of chronicle.views.values()) if (view.durable.holds(index, entryTerm)) holders.add(view.id);
      const conf = chronicle.confAt(applied);
      demand(
        isQuorum(conf, holders),
        NAME,
        () =>
          `leader ${id} of term ${term} commits ${index}, durable on [${[...holders].join()}] only, ` +
          `in ${JSON.stringify(conf)}`,
      );
    },
  };
}
