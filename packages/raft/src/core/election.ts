/** Campaigns and votes (dissertation, sections 3.4, 3.6.1, 9.6). */
import { isPromised } from "./lease.ts";
import type { NodeState } from "./node-state.ts";
import type { VoteResult } from "./quorum.ts";
import { voterIds } from "./quorum.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";
import { broadcastAppend } from "./replication.ts";
import { NONE, type EntryId, type Message, type NodeId } from "./types.ts";

/** Why a node campaigns. By transfer it may disturb a leader that is alive, because that leader asked for it. */
export type CampaignKind = "pre-election" | "election" | "transfer";

/** Marks the votes of a transfer, so that voters do not protect their leader against it. */
const TRANSFER = new TextEncoder().encode("transfer");

/** Campaigns, if this node may. */
export function campaignIfAllowed(node: NodeState, kind: CampaignKind): void {
  if (node.role === "leader" || !node.isPromotable || hasUnappliedConfChange(node)) return;
  if (isPromised(node) && kind !== "transfer") return;
  campaign(node, kind);
}

/** Until a committed membership change is applied, this node would count by a configuration that is no longer in force. */
function hasUnappliedConfChange({ log, options }: NodeState): boolean {
  return log.holdsConfChange(log.applied, log.committed, options.maxMessageBytes);
}

function campaign(node: NodeState, kind: CampaignKind): void {
  const asksFirst = kind === "pre-election";
  if (asksFirst) becomePreCandidate(node);
  else becomeCandidate(node);
  const term = asksFirst ? node.term + 1 : node.term;
  const last = node.log.lastId();
  const { commit, commitTerm: rejectHint } = knownCommit(node);
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
      commit,
      rejectHint,
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
  learnCommit(node, { index: request.commit, term: request.rejectHint });
  const isPreVote = type === "pre-vote";
  const mayVote =
    node.vote === from ||
    (node.vote === NONE && node.lead === NONE) ||
    // A pre-vote binds to nothing; it only says what this node would do in that term.
    (isPreVote && term > node.term);
  const response = isPreVote ? "pre-vote-response" : "vote-response";
  const mustNot = node.abstains || (isPromised(node) && !isTransferVote(request));
  if (mayVote && !mustNot && node.log.isUpToDate({ index: request.index, term: request.logTerm })) {
    // A granted pre-vote answers in the term that was asked about, else the candidate would take it for an old one.
    node.send({ type: response, to: from, term });
    if (!isPreVote) {
      node.electionElapsed = 0;
      node.vote = from;
    }
  } else if (node.term > 0) {
    // Who has lost even its term has none to refuse in; nobody waits for a refusal.
    const { commit, commitTerm: logTerm } = knownCommit(node);
    node.send({ type: response, to: from, term: node.term, reject: true, commit, logTerm });
  }
}

/** What votes and refusals say of commits: the index, and the term of the entry there. */
function knownCommit({ options, log }: NodeState): { readonly commit: number; readonly commitTerm: number } {
  if (!options.informStragglers) return { commit: 0, commitTerm: 0 };
  return { commit: log.committed, commitTerm: log.termIfKnown(log.committed) ?? 0 };
}

/**
 * Commits what another knows to be committed, if this log holds it: with the same entry there, all before it is the same
 * (log matching). It may bring a membership change, and then a campaign counts by the wrong configuration.
 */
function learnCommit(node: NodeState, { index, term }: EntryId): void {
  const { log, role } = node;
  if (!node.options.informStragglers || role === "leader" || index <= log.committed) return;
  if (log.termIfKnown(index) !== term) return;
  log.commitTo(index);
  if (role !== "follower" && hasUnappliedConfChange(node)) becomeFollower(node, node.term, NONE);
}

/** Counts an answer to this node's campaign, and acts on the result. */
export function handleVoteResponse(node: NodeState, response: Message): void {
  if (response.reject) {
    learnCommit(node, { index: response.commit, term: response.logTerm });
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
