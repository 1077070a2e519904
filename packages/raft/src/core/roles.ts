/** The four roles, and what each change of role resets. */
import { invariant } from "../errors.ts";
import type { NodeState } from "./node-state.ts";
import { Progress } from "./progress.ts";
import { PendingReads } from "./read-only.ts";
import { appendProposals } from "./replication.ts";
import { Lease } from "./stamps.ts";
import { NONE, type NodeId } from "./types.ts";

export function becomeFollower(node: NodeState, term: number, lead: NodeId): void {
  reset(node, term);
  node.lead = lead;
  node.role = "follower";
}

export function becomeCandidate(node: NodeState): void {
  invariant(node.role !== "leader", "a leader does not campaign");
  reset(node, node.term + 1);
  node.vote = node.id;
  node.role = "candidate";
}

/** Asks before it campaigns: term and vote stay as they are (section 9.6). */
export function becomePreCandidate(node: NodeState): void {
  invariant(node.role !== "leader", "a leader does not campaign");
  node.tracker.resetVotes();
  node.lead = NONE;
  node.role = "pre-candidate";
}

export function becomeLeader(node: NodeState): void {
  invariant(node.role !== "follower", "a follower becomes leader only by an election");
  reset(node, node.term);
  node.lead = node.id;
  node.role = "leader";
  const own = node.tracker.progress.get(node.id);
  invariant(own !== undefined, "a leader is a member");
  own.becomeReplicate();
  own.recentActive = true;
  // The log may hold a membership change that is not applied yet; finding out would cost more than waiting for all of it.
  node.pendingConfIndex = node.log.lastIndex();
  const accepted = appendProposals(node, [{ type: "normal", data: new Uint8Array() }]);
  invariant(accepted, "the first entry of a term has no payload and is never refused");
}

/** Stops handing leadership over. */
export function abortTransfer(node: NodeState): void {
  node.transferee = NONE;
}

function reset(node: NodeState, term: number): void {
  if (node.term !== term) {
    node.term = term;
    node.vote = NONE;
  }
  node.lead = NONE;
  node.electionElapsed = 0;
  node.heartbeatElapsed = 0;
  node.lease = new Lease();
  node.resetRandomizedTimeout();
  abortTransfer(node);
  node.tracker.resetVotes();
  const last = node.log.lastIndex();
  for (const [id, { isLearner }] of node.tracker.progress) {
    const match = id === node.id ? last : 0;
    node.tracker.progress.set(
      id,
      new Progress({ match, next: last + 1, inflights: node.tracker.newInflights(), isLearner }),
    );
  }
  node.pendingConfIndex = 0;
  node.uncommittedBytes = 0;
  node.pendingReads = new PendingReads();
  node.earlyReads = [];
}
