/** Whether anything would be lost with a cluster. */
import { isAnnouncement } from "./prime.ts";
import type { ClusterState } from "../../state/model.ts";
import { isSecretKey } from "./house-secrets.ts";

/** Only its founder belongs, ever did, and nobody has put anything into it. What the cluster writes by itself does not count. */
export function holdsNothing(state: ClusterState): boolean {
  const { members, revoked, nextNode, settings, pairs, entities, journals } = state;
  if (members.size !== 1 || revoked.size > 0 || nextNode > 2) return false;
  // Of a conversation that goes on, too, somebody would miss what it has heard.
  return settings.size === 0 && entities.size === 0 && journals.size === 0 && !hasPairs(pairs);
}

/** Whether anybody but the cluster itself has written one. */
export function hasPairs(pairs: ClusterState["pairs"]): boolean {
  return pairs.keys().some((key) => !isAnnouncement(key) && !isSecretKey(key));
}
