/** The hosts that belong to the cluster, for the placement of actors. */
import type { Members } from "@parley/actors";
import type { SharedState } from "../consensus/shared-state.ts";
import type { ClusterState, Member } from "../state/model.ts";
import type { Ordered } from "../state/ordered.ts";

export function membersOf(shared: SharedState): Members {
  let known: Ordered<Member> | undefined;
  let names: readonly string[] = [];
  const namesIn = ({ members }: ClusterState): readonly string[] => {
    if (members === known) return names;
    known = members;
    const now = [...members.keys()];
    // A member that has new software is the same member.
    if (now.length !== names.length || now.some((name, i) => name !== names[i])) names = now;
    return names;
  };
  return {
    current: () => namesIn(shared.now),
    watch: (changed) => shared.watch(namesIn, changed),
  };
}
