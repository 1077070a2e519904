/** Leader Completeness: an entry committed in a term is in the logs of the leaders of all later terms (section 3.2). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant, View } from "../chronicle.ts";

const NAME = "leader-completeness";

export function leaderCompleteness(chronicle: Chronicle): Invariant {
  /** Commits as leaders made them: everything up to `index` was committed in `term` or before. */
  const commits: { readonly term: number; readonly index: number }[] = [];
  const requireAll = (view: View, index: number): void => {
    for (let at = index; at > view.mirror.base.index; at -= 1) {
      const entry = view.mirror.at(at);
      const committed = chronicle.committedAt(at);
      if (committed === undefined) return;
      demand(
        entry?.term === committed.term,
        NAME,
        () => `leader ${view.id} of term ${view.status.term} lacks committed entry ${at} of term ${committed.term}`,
      );
    }
  };
  return {
    name: NAME,
    state(view) {
      const { status, before } = view;
      if (status.role !== "leader" || (before?.role === "leader" && before.term === status.term)) return;
      const last = commits.findLast(({ term }) => term < status.term);
      if (last !== undefined) requireAll(view, last.index);
    },
    committed(_, index, term) {
      commits.push({ term, index });
      for (const view of chronicle.views.values()) {
        if (view.isUp && view.status.role === "leader" && view.status.term > term) requireAll(view, index);
      }
    },
  };
}
