/** Election Safety: at most one leader can be elected in a given term (section 3.2). */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "election-safety";

export function electionSafety(): Invariant {
  const leaders = new Map<number, number>();
  return {
    name: NAME,
    state({ id, status: { role, term } }) {
      if (role !== "leader") return;
      const leader = leaders.get(term);
      if (leader === undefined) leaders.set(term, id);
      else demand(leader === id, NAME, () => `nodes ${leader} and ${id} both lead in term ${term}`);
    },
  };
}
