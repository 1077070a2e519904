/** The members that work is given to: who sleeps, or is about to leave, gets none and hands over what it has. */
import type { Members } from "@parley/actors";
import type { SharedState } from "../../consensus/shared-state.ts";
import { isAsleep } from "../../membership/sleep.ts";
import type { ClusterState } from "../../state/model.ts";

export function awakeMembersOf(shared: SharedState): Members {
  let seen: Pick<ClusterState, "members" | "settings"> | undefined;
  let names: readonly string[] = [];
  const namesIn = (state: ClusterState): readonly string[] => {
    const { members, settings } = state;
    if (members === seen?.members && settings === seen.settings) return names;
    seen = { members, settings };
    const now = [...members.keys()].filter((peer) => !isAsleep(state, peer));
    if (now.length !== names.length || now.some((name, i) => name !== names[i])) names = now;
    return names;
  };
  return {
    current: () => namesIn(shared.now),
    watch: (changed) => shared.watch(namesIn, changed),
  };
}
