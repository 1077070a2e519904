/** What a leader does with what it is told. */
import { invariant, RaftError } from "../errors.ts";
import { readConfChange } from "./conf-change.ts";
import { extendLease, hasLease } from "./lease.ts";
import type { NodeState } from "./node-state.ts";
import type { Progress } from "./progress.ts";
import { voteResult } from "./quorum.ts";
import {
  appendProposals,
  broadcastAppend,
  broadcastHeartbeat,
  hasCommittedInTerm,
  maybeCommit,
  maybeSendAppend,
  sendAppend,
} from "./replication.ts";
import { abortTransfer, becomeFollower } from "./roles.ts";
import { NONE, type Message, type ProposedEntry } from "./types.ts";

/** @throws RaftError `proposal-dropped`, `corrupt`. */
export function stepLeader(node: NodeState, received: Message): void {
  switch (received.type) {
    case "beat":
      broadcastHeartbeat(node);
      return;
    case "check-quorum":
      checkQuorum(node);
      return;
    case "propose":
      propose(node, received);
      return;
    case "read-index":
      readIndex(node, received);
      return;
    default:
      break;
  }
  const progress = node.tracker.progress.get(received.from);
  // From someone who is no member any more.
  if (progress === undefined) return;
  switch (received.type) {
    case "append-response":
      handleAppendResponse(node, received, progress);
      return;
    case "heartbeat-response":
      handleHeartbeatResponse(node, received, progress);
      return;
    case "snapshot-status":
      if (progress.state !== "snapshot") return;
      if (received.reject) progress.pendingSnapshot = 0;
      progress.becomeProbe();
      // If it arrived, its append-response goes on; if not, the next heartbeat's answer does.
      progress.paused = true;
      return;
    case "unreachable":
      // Appends on their way are likely lost: find out where it stands before more are sent.
      if (progress.state === "replicate") progress.becomeProbe();
      return;
    case "log-lost":
      // Late or repeated it costs a probe: what the follower has got back meanwhile it acknowledges again. What is
      // committed stays so.
      if (received.from !== node.id && progress.lose(received.index)) sendAppend(node, received.from);
      return;
    case "transfer-leader":
      transferLeadership(node, received, progress);
      return;
    default:
      return;
  }
}

function checkQuorum(node: NodeState): void {
  if (!node.tracker.quorumActive()) becomeFollower(node, node.term, NONE);
  for (const [id, progress] of node.tracker.progress) if (id !== node.id) progress.recentActive = false;
}

function propose(node: NodeState, received: Message): void {
  invariant(received.entries.length > 0, "an empty proposal");
  if (!node.tracker.progress.has(node.id)) {
    throw new RaftError("proposal-dropped", "this leader has been removed from the cluster");
  }
  if (node.transferee !== NONE) {
    throw new RaftError("proposal-dropped", `leadership is being handed to ${node.transferee}`);
  }
  const before = node.pendingConfIndex;
  const checked = received.entries.map((entry, i) => admitConfChange(node, entry, node.log.lastIndex() + i + 1));
  if (!appendProposals(node, checked)) {
    node.pendingConfIndex = before;
    throw new RaftError("proposal-dropped", "too much is proposed and not committed yet");
  }
  broadcastAppend(node);
}

/** A membership change takes its place only when none is under way and it fits the configuration; else it becomes nothing. */
function admitConfChange(node: NodeState, entry: ProposedEntry, index: number): ProposedEntry {
  const change = readConfChange(entry);
  if (change === undefined) return entry;
  const isPending = node.pendingConfIndex > node.log.applied;
  const fits = node.tracker.isJoint === (change.steps.length === 0);
  if ((isPending || !fits) && node.options.validateMembershipChanges) return { type: "normal", data: new Uint8Array() };
  node.pendingConfIndex = index;
  return entry;
}

function handleAppendResponse(node: NodeState, received: Message, progress: Progress): void {
  progress.recentActive = true;
  if (received.reject) {
    // The follower's term at its hint lets us skip everything of ours that is of a later term.
    const hint =
      received.logTerm > 0
        ? node.log.findConflictByTerm(received.rejectHint, received.logTerm).index
        : received.rejectHint;
    if (!progress.maybeDecrease(received.index, hint)) return;
    if (progress.state === "replicate") progress.becomeProbe();
    sendAppend(node, received.from);
    return;
  }
  const moved = progress.maybeUpdate(received.index);
  // An answer that matches what was known still ends probing.
  if (!moved && !(progress.match === received.index && progress.state === "probe")) return;
  if (progress.state === "probe") {
    progress.becomeReplicate();
  } else if (progress.state === "snapshot") {
    // It need not be the snapshot that brought it this far: what counts is that our log goes on from there.
    if (progress.match + 1 >= node.log.firstIndex()) {
      progress.becomeProbe();
      progress.becomeReplicate();
    }
  } else {
    progress.inflights.freeTo(received.index);
  }
  if (maybeCommit(node)) {
    releaseEarlyReads(node);
    broadcastAppend(node);
  } else if (received.from !== node.id && progress.canBumpCommit(node.log.committed)) {
    sendAppend(node, received.from);
  }
  if (received.from === node.id) return;
  // Room may have opened for several appends of limited size.
  while (maybeSendAppend(node, received.from, false)) continue;
  if (received.from === node.transferee && progress.match === node.log.lastIndex()) {
    node.send({ type: "timeout-now", to: received.from });
  }
}

function handleHeartbeatResponse(node: NodeState, received: Message, progress: Progress): void {
  progress.recentActive = true;
  progress.paused = false;
  extendLease(node, received);
  // Behind, or probing for no more reason: an append, empty if need be, gets it going again.
  if (progress.match < node.log.lastIndex() || progress.state === "probe") sendAppend(node, received.from);
  const { context } = received;
  if (context === undefined || context.length === 0) return;
  const acks = node.pendingReads.acknowledge(received.from, context);
  if (acks === undefined || voteResult(node.tracker.voters, acks) !== "won") return;
  for (const read of node.pendingReads.takeUpTo(context)) answerRead(node, read.request, read.index);
}

function transferLeadership(node: NodeState, received: Message, progress: Progress): void {
  if (progress.isLearner) return;
  const transferee = received.from;
  if (node.transferee === transferee) return;
  abortTransfer(node);
  if (transferee === node.id) return;
  node.lease.end();
  // It has one election timeout to catch up; then this leader goes on.
  node.electionElapsed = 0;
  node.transferee = transferee;
  if (progress.match === node.log.lastIndex()) node.send({ type: "timeout-now", to: transferee });
  else sendAppend(node, transferee);
}

function readIndex(node: NodeState, received: Message): void {
  // A new leader does not know how far the log is committed until it has committed in its own term.
  if (!hasCommittedInTerm(node)) {
    node.earlyReads.push(received);
    return;
  }
  startRead(node, received);
}

function releaseEarlyReads(node: NodeState): void {
  if (node.earlyReads.length === 0 || !hasCommittedInTerm(node)) return;
  const reads = node.earlyReads;
  node.earlyReads = [];
  for (const read of reads) startRead(node, read);
}

function startRead(node: NodeState, received: Message): void {
  // The only voter needs nobody's word; but a leader that is no voter itself is not that one, and may be deposed.
  const isAlone = node.tracker.isSingleton && node.tracker.voters.incoming.has(node.id);
  if (isAlone || hasLease(node)) return answerRead(node, received, node.log.committed);
  const context = received.entries[0]?.data ?? new Uint8Array();
  node.pendingReads.add(context, node.log.committed, received);
  node.pendingReads.acknowledge(node.id, context);
  broadcastHeartbeat(node, context);
}

function answerRead(node: NodeState, request: Message, index: number): void {
  const context = request.entries[0]?.data ?? new Uint8Array();
  if (request.from === NONE || request.from === node.id) node.readStates.push({ index, context });
  else node.send({ type: "read-index-response", to: request.from, index, entries: request.entries });
}
