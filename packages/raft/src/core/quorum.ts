/** Majorities, and the pair of majorities that a joint configuration asks for (dissertation, section 4.3). */
import type { NodeId } from "./types.ts";

export type VoteResult = "won" | "lost" | "pending";

/** A set of voters that decides by majority. */
export type Voters = ReadonlySet<NodeId>;

/** The incoming voters and, during a membership change, the outgoing ones. */
export interface JointVoters {
  readonly incoming: Voters;
  readonly outgoing: Voters;
}

/**
 * The highest index that a majority of `voters` has acknowledged. Nobody's majority is everyone's: with no voters any
 * index counts, so that the empty half of a simple configuration never holds anything back.
 */
function majorityCommitted(voters: Voters, acked: (id: NodeId) => number | undefined): number {
  if (voters.size === 0) return Infinity;
  const indexes: number[] = [];
  for (const id of voters) indexes.push(acked(id) ?? 0);
  indexes.sort((a, b) => a - b);
  // A majority has acknowledged at least the value that stands this far from the top.
  return indexes[indexes.length - (Math.floor(indexes.length / 2) + 1)] ?? 0;
}

/** The highest index that both majorities have acknowledged. */
export function committedIndex(voters: JointVoters, acked: (id: NodeId) => number | undefined): number {
  return Math.min(majorityCommitted(voters.incoming, acked), majorityCommitted(voters.outgoing, acked));
}

function majorityResult(voters: Voters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.size === 0) return "won";
  let [yes, missing] = [0, 0];
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) missing += 1;
    else if (vote) yes += 1;
  }
  const majority = Math.floor(voters.size / 2) + 1;
  if (yes >= majority) return "won";
  return yes + missing >= majority ? "pending" : "lost";
}

/** Won when both majorities are for it, lost when either can no longer be. */
export function voteResult(voters: JointVoters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityResult(voters.incoming, votes);
  const outgoing = majorityResult(voters.outgoing, votes);
  if (incoming === outgoing) return incoming;
  return incoming === "lost" || outgoing === "lost" ? "lost" : "pending";
}

/** Everyone who votes in either half, in ascending order. */
export function voterIds(voters: JointVoters): NodeId[] {
  return [...new Set([...voters.incoming, ...voters.outgoing])].sort((a, b) => a - b);
}
