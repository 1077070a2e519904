/**
 * A candidate becomes leader by the votes of a majority of the voters, of both halves in a joint configuration; learners
 * and strangers never count (sections 3.4, 4.2.1, 4.3). Which configuration that is, the chronicle says, not the node.
 */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";
import { isQuorum } from "../membership-model.ts";

const NAME = "leaders-have-a-quorum";
const MAX_NODES = 64;

export function leadersHaveAQuorum(chronicle: Chronicle): Invariant {
  const votes = new Map<number, Set<number>>();
  return {
    name: NAME,
    sent({ id }, { type, reject, term, to }) {
      if (type !== "vote-response" || reject) return;
      const key = term * MAX_NODES + to;
      votes.set(key, (votes.get(key) ?? new Set()).add(id));
    },
    state(view) {
      const { id, status, before, durable } = view;
      const { role, term } = status;
      if (role !== "leader" || (before?.role === "leader" && before.term === term)) return;
      const voters = new Set(votes.get(term * MAX_NODES + id));
      const { hardState } = durable;
      if (hardState.term === term && hardState.vote === id) voters.add(id);
      const confs = chronicle.confsOf(view);
      demand(
        confs.some((conf) => isQuorum(conf, voters)),
        NAME,
        () => `node ${id} leads term ${term} by the votes of [${[...voters].join()}] in ${JSON.stringify(confs)}`,
      );
    },
  };
}
