/**
 * The rules of the node as a whole: terms, ticks, and who handles what. Written from the dissertation and checked
 * against the behaviour of a widely used core (see `npm run oracle`).
 */
import { invariant } from "../errors.ts";
import { stepCandidate } from "./candidate.ts";
import { confChangeEntry, LEAVE_JOINT } from "./conf-change.ts";
import { campaignIfAllowed, handleVoteRequest, isTransferVote } from "./election.ts";
import { stepFollower } from "./follower.ts";
import { stepLeader } from "./leader.ts";
import { isPromised, promiseOnStart } from "./lease.ts";
import { restoreConfState } from "./membership.ts";
import { NodeState } from "./node-state.ts";
import { completeOptions, type RaftOptions } from "./options.ts";
import { abortTransfer, becomeFollower } from "./roles.ts";
import { isRaftError } from "../errors.ts";
import {
  entriesBytes,
  message,
  NONE,
  payloadBytes,
  type Entry,
  type HardState,
  type Message,
  type Snapshot,
} from "./types.ts";

/** A node as storage left it: a follower that knows no leader. */
export function createNode(given: RaftOptions): NodeState {
  const options = completeOptions(given);
  const { hardState, confState } = options.storage.initialState();
  const node = new NodeState(options);
  restoreConfState(node, confState);
  loadHardState(node, hardState);
  if (options.applied > 0) node.log.appliedTo(options.applied, 0);
  becomeFollower(node, node.term, NONE);
  promiseOnStart(node);
  return node;
}

function loadHardState(node: NodeState, { term, vote, commit }: HardState): void {
  if (term === 0 && vote === NONE && commit === 0) return;
  invariant(
    commit >= node.log.committed && commit <= node.log.lastIndex(),
    `stored commit ${commit} is outside [${node.log.committed}, ${node.log.lastIndex()}]`,
  );
  node.log.committed = commit;
  node.term = term;
  node.vote = vote;
}

/** Before a node may campaign; see {@link quietTicks}. */
const CAREFUL_TICKS = 3;

/** Time passes by one tick. */
export function tick(node: NodeState): void {
  node.ticks += 1;
  if (node.role === "leader") tickLeader(node);
  else tickElection(node);
}

/**
 * How many ticks from now on would only be counted, if nothing else happens: whoever drives the core may let that time pass in one
 * piece. Infinity: however many. Before an election there are always some that are counted one by one, so that a process which stood
 * still reads what waits for it before it stands against a leader that lives.
 */
export function quietTicks(node: NodeState): number {
  const { role, electionElapsed, heartbeatElapsed, options, tracker } = node;
  if (role === "leader") {
    if (tracker.progress.size === 1) return Infinity;
    const untilCheck = node.electionTicks - electionElapsed;
    return Math.max(0, Math.min(untilCheck, options.heartbeatTicks - heartbeatElapsed) - 1);
  }
  if (!node.isPromotable) return Infinity;
  return Math.max(0, node.randomizedElectionTicks - electionElapsed - 1 - CAREFUL_TICKS);
}

function tickElection(node: NodeState): void {
  node.electionElapsed += 1;
  if (!node.isPromotable || !node.pastElectionTimeout) return;
  node.electionElapsed = 0;
  step(node, message({ type: "campaign", from: node.id }));
}

function tickLeader(node: NodeState): void {
  node.heartbeatElapsed += 1;
  node.electionElapsed += 1;
  if (node.electionElapsed >= node.electionTicks) {
    node.electionElapsed = 0;
    if (node.options.checkQuorum) step(node, message({ type: "check-quorum", from: node.id }));
    // A transferee that did not catch up within an election timeout is given up.
    if (node.role === "leader") abortTransfer(node);
  }
  if (node.role !== "leader" || node.heartbeatElapsed < node.options.heartbeatTicks) return;
  node.heartbeatElapsed = 0;
  step(node, message({ type: "beat", from: node.id }));
}

/** Takes a message in. @throws RaftError `proposal-dropped`, `corrupt`. */
export function step(node: NodeState, received: Message): void {
  if (received.term > node.term && !entersLaterTerm(node, received)) return;
  if (received.term !== 0 && received.term < node.term) return answerEarlierTerm(node, received);
  switch (received.type) {
    case "campaign":
      campaignIfAllowed(node, node.options.preVote ? "pre-election" : "election");
      return;
    case "storage-append-response":
      if (received.index !== 0) node.log.unstable.stableTo({ index: received.index, term: received.logTerm });
      if (received.snapshot !== undefined) snapshotIsDurable(node, received.snapshot);
      return;
    case "storage-apply-response":
      entriesAreApplied(
        node,
        received.entries.filter((entry) => "index" in entry),
      );
      return;
    case "vote":
    case "pre-vote":
      handleVoteRequest(node, received);
      return;
    default:
      stepRole(node, received);
  }
}

function stepRole(node: NodeState, received: Message): void {
  switch (node.role) {
    case "leader":
      return stepLeader(node, received);
    case "follower":
      return stepFollower(node, received);
    case "candidate":
    case "pre-candidate":
      return stepCandidate(node, received);
  }
}

/** A message of a later term. False when it is not to be listened to. */
function entersLaterTerm(node: NodeState, received: Message): boolean {
  const { type, term, from } = received;
  if (type === "vote" || type === "pre-vote") {
    // Within its lease a leader is protected against nodes that were cut off or removed (section 4.2.3).
    const inLease = node.options.checkQuorum && node.lead !== NONE && node.electionElapsed < node.electionTicks;
    if ((inLease || isPromised(node)) && !isTransferVote(received)) return false;
  }
  // A pre-vote changes no term, nor does its grant: the candidate takes the term up when it campaigns.
  if (type === "pre-vote" || (type === "pre-vote-response" && !received.reject)) return true;
  const fromLeader = type === "append" || type === "heartbeat" || type === "snapshot";
  becomeFollower(node, term, fromLeader ? from : NONE);
  return true;
}

/** A message of an earlier term is not acted on, but its sender may have to be freed. */
function answerEarlierTerm(node: NodeState, received: Message): void {
  const { type, from } = received;
  const { checkQuorum, preVote, informStragglers } = node.options;
  if ((checkQuorum || preVote || informStragglers) && (type === "heartbeat" || type === "append")) {
    // This node came back with a later term and its votes are ignored; its term makes the old leader step down.
    node.send({ type: "append-response", to: from });
  } else if (type === "vote" && informStragglers) {
    node.send({ type: "vote-response", to: from, term: node.term, reject: true });
  } else if (type === "pre-vote") {
    // Without an answer, two nodes that each know a later term than the other side could wait for ever.
    node.send({ type: "pre-vote-response", to: from, term: node.term, reject: true });
  } else if (type === "storage-append-response" && received.snapshot !== undefined) {
    // Entries may have been replaced since; a snapshot was not, because nothing committed is.
    snapshotIsDurable(node, received.snapshot);
  }
}

function snapshotIsDurable(node: NodeState, snapshot: Snapshot): void {
  node.log.unstable.stableSnapshotTo(snapshot.index);
  appliedTo(node, snapshot.index, 0);
}

function entriesAreApplied(node: NodeState, entries: readonly Entry[]): void {
  const last = entries.at(-1);
  if (last === undefined) return;
  appliedTo(node, last.index, entriesBytes(entries));
  node.uncommittedBytes = Math.max(0, node.uncommittedBytes - payloadBytes(entries));
}

function appliedTo(node: NodeState, index: number, bytes: number): void {
  const applied = Math.max(index, node.log.applied);
  node.log.appliedTo(applied, bytes);
  const { autoLeave } = node.tracker.configuration;
  if (!autoLeave || applied < node.pendingConfIndex || node.role !== "leader") return;
  try {
    // The joint configuration is applied: leave it. A refusal (a transfer is under way) is tried again with the next entry.
    step(node, message({ type: "propose", entries: [confChangeEntry(LEAVE_JOINT)] }));
  } catch (error) {
    if (!isRaftError(error, "proposal-dropped")) throw error;
  }
}
