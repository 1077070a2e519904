/** What a candidate or pre-candidate does with what it is told. */
import { RaftError } from "../errors.ts";
import { handleVoteResponse } from "./election.ts";
import { handleAppend, handleHeartbeat, handleSnapshot } from "./follower.ts";
import type { NodeState } from "./node-state.ts";
import { becomeFollower } from "./roles.ts";
import type { Message } from "./types.ts";

/** @throws RaftError `proposal-dropped`. */
export function stepCandidate(node: NodeState, received: Message): void {
  switch (received.type) {
    case "propose":
      throw new RaftError("proposal-dropped", "there is no leader now: an election is under way");
    case "append":
      // Someone leads in this very term.
      becomeFollower(node, received.term, received.from);
      handleAppend(node, received);
      return;
    case "heartbeat":
      becomeFollower(node, received.term, received.from);
      handleHeartbeat(node, received);
      return;
    case "snapshot":
      becomeFollower(node, received.term, received.from);
      handleSnapshot(node, received);
      return;
    case "vote-response":
      if (node.role === "candidate") handleVoteResponse(node, received);
      return;
    case "pre-vote-response":
      if (node.role === "pre-candidate") handleVoteResponse(node, received);
      return;
    default:
      // A timeout-now comes too late: it campaigns already.
      return;
  }
}
