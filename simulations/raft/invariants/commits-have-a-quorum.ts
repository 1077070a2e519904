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
    committed(leader, index, term) {
      const entryTerm = chronicle.committedAt(index)?.term ?? 0;
      const holders = new Set<number>();
      for (const { id, durable, isDoubtful } of chronicle.views.values()) {
        // Who has lost entries may have acknowledged this one before. It votes for nobody until it has it again.
        if (durable.holds(index, entryTerm) || isDoubtful()) holders.add(id);
      }
      const confs = chronicle.confsOf(leader);
      demand(
        confs.some((conf) => isQuorum(conf, holders)),
        NAME,
        () =>
          `leader ${leader.id} of term ${term} commits ${index}, durable on [${[...holders].join()}] only, ` +
          `in ${JSON.stringify(confs)}`,
      );
    },
  };
}
