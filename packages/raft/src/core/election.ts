/** Campaigns and votes (dissertation, sections 3.4, 3.6.1, 9.6). */
import type { NodeState } from "./node-state.ts";
import type { VoteResult } from "./quorum.ts";
import { voterIds } from "./quorum.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";
import { broadcastAppend } from "./replication.ts";
import { NONE, type Message, type NodeId } from "./types.ts";

/** Why a node campaigns. By transfer it may disturb a leader that is alive, because that leader asked for it. */
export type CampaignKind = "pre-election" | "election" | "transfer";

/** Marks the votes of a transfer, so that voters do not protect their leader against it. */
const TRANSFER = new TextEncoder().encode("transfer");

/** Campaigns, if this node may. */
export function campaignIfAllowed(node: NodeState, kind: CampaignKind): void {
  if (node.role === "leader" || !node.isPromotable || hasUnappliedConfChange(node)) return;
  campaign(node, kind);
}

/** Until a committed membership change is applied, this node would count by a configuration that is no longer in force. */
function hasUnappliedConfChange(node: NodeState): boolean {
  const { log } = node;
  for (let index = log.applied + 1; index <= log.committed;) {
    const entries = log.slice(index, log.committed + 1, node.options.maxMessageBytes);
    if (entries.some(({ type }) => type !== "normal")) return true;
    index += entries.length;
  }
  return false;
}

function campaign(node: NodeState, kind: CampaignKind): void {
  const asksFirst = kind === "pre-election";
  if (asksFirst) becomePreCandidate(node);
  else becomeCandidate(node);
  const term = asksFirst ? node.term + 1 : node.term;
  const last = node.log.lastId();
  for (const id of voterIds(node.tracker.voters)) {
    if (id === node.id) {
      // Its own vote counts once it is durable, like everyone's.
      node.send({ type: asksFirst ? "pre-vote-response" : "vote-response", to: id, term });
      continue;
    }
    node.send({
      type: asksFirst ? "pre-vote" : "vote",
      to: id,
      term,
      index: last.index,
      logTerm: last.term,
      context: kind === "transfer" ? TRANSFER : undefined,
    });
  }
}

/** Whether voters must listen to this request even while their leader is alive. */
export function isTransferVote({ context }: Message): boolean {
  return (
    context !== undefined && context.length === TRANSFER.length && context.every((byte, i) => byte === TRANSFER[i])
  );
}

/** Answers a request for a vote or a pre-vote. */
export function handleVoteRequest(node: NodeState, request: Message): void {
  const { from, term, type } = request;
  const isPreVote = type === "pre-vote";
  const mayVote =
    node.vote === from ||
    (node.vote === NONE && node.lead === NONE) ||
    // A pre-vote binds to nothing; it only says what this node would do in that term.
    (isPreVote && term > node.term);
  const response = isPreVote ? "pre-vote-response" : "vote-response";
  if (mayVote && node.log.isUpToDate({ index: request.index, term: request.logTerm })) {
    // A granted pre-vote answers in the term that was asked about, else the candidate would take it for an old one.
    node.send({ type: response, to: from, term });
    if (!isPreVote) {
      node.electionElapsed = 0;
      node.vote = from;
    }
  } else {
    node.send({ type: response, to: from, term: node.term, reject: true, ...knownCommit(node) });
  }
}

/** What a refusal says of commits: the index, and the term of the entry there. */
function knownCommit({ options, log }: NodeState): Partial<Pick<Message, "commit" | "logTerm">> {
  if (!options.informStragglers) return {};
  return { commit: log.committed, logTerm: log.termIfKnown(log.committed) ?? 0 };
}

/**
 * Commits what a refuser knows to be committed, if this log holds it: with the same entry there, all before it is the
 * same (log matching). It may bring a membership change, and then this campaign counts by the wrong configuration.
 */
function learnCommit(node: NodeState, { commit, logTerm }: Message): void {
  const { log } = node;
  if (!node.options.informStragglers || commit <= log.committed || log.termIfKnown(commit) !== logTerm) return;
  log.commitTo(commit);
  if (hasUnappliedConfChange(node)) becomeFollower(node, node.term, NONE);
}

/** Counts an answer to this node's campaign, and acts on the result. */
export function handleVoteResponse(node: NodeState, response: Message): void {
  if (response.reject) {
    learnCommit(node, response);
    if (node.role === "follower") return;
  }
  switch (poll(node, response.from, !response.reject)) {
    case "won":
      if (node.role === "pre-candidate") {
        campaign(node, "election");
      } else {
        becomeLeader(node);
        broadcastAppend(node);
      }
      return;
    case "lost":
      // A pre-candidate keeps its term; so does a candidate, whose rejections came in it.
      becomeFollower(node, node.term, NONE);
      return;
    case "pending":
      return;
  }
}

function poll(node: NodeState, id: NodeId, granted: boolean): VoteResult {
  node.tracker.recordVote(id, granted);
  return node.tracker.tally();
}
