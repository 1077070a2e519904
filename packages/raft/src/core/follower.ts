/** What a follower does with what it is told. */
import { RaftError } from "../errors.ts";
import { campaignIfAllowed } from "./election.ts";
import { promise } from "./lease.ts";
import { restoreSnapshot } from "./membership.ts";
import type { NodeState } from "./node-state.ts";
import { NONE, type Entry, type Message, type NodeId } from "./types.ts";

/** @throws RaftError `proposal-dropped`. */
export function stepFollower(node: NodeState, received: Message): void {
  switch (received.type) {
    case "propose":
      if (node.lead === NONE) throw new RaftError("proposal-dropped", "there is no leader now");
      if (!node.options.forwardProposals) throw new RaftError("proposal-dropped", "this node passes no proposals on");
      node.send({ ...received, to: node.lead, from: received.from === NONE ? node.id : received.from });
      return;
    case "append":
      hearLeader(node, received);
      handleAppend(node, received);
      return;
    case "heartbeat":
      hearLeader(node, received);
      handleHeartbeat(node, received);
      return;
    case "snapshot":
      hearLeader(node, received);
      handleSnapshot(node, received);
      return;
    case "transfer-leader":
      if (node.lead !== NONE) node.send({ ...received, to: node.lead, term: 0 });
      return;
    case "forget-leader":
      // Leases rest on followers that remember their leader.
      if (node.options.readOnly !== "lease-based") node.lead = NONE;
      return;
    case "timeout-now":
      // The leader has asked for it: no pre-vote, and no waiting.
      campaignIfAllowed(node, "transfer");
      return;
    case "read-index":
      if (node.lead !== NONE)
        node.send({ ...received, to: node.lead, from: received.from === NONE ? node.id : received.from });
      return;
    case "read-index-response": {
      const context = received.entries[0]?.data;
      if (context !== undefined) node.readStates.push({ index: received.index, context });
      return;
    }
    default:
      // The rest is for other roles and comes late.
      return;
  }
}

function hearLeader(node: NodeState, received: Message): void {
  node.electionElapsed = 0;
  node.lead = received.from;
}

/** Takes a leader's entries in, or says where the logs may still match. */
export function handleAppend(node: NodeState, received: Message): void {
  const { log } = node;
  const to = received.from;
  if (received.index < log.committed) {
    node.send({ type: "append-response", to, index: log.committed });
    return;
  }
  const previous = { index: received.index, term: received.logTerm };
  const last = log.maybeAppend(previous, entriesOf(received), received.commit);
  if (last !== undefined) {
    node.matched = { term: node.term, index: last };
    node.send({ type: "append-response", to, index: last });
    return;
  }
  // Neither log can match the other's entries of a later term than its own: both sides skip those.
  const hint = log.findConflictByTerm(Math.min(received.index, log.lastIndex()), received.logTerm);
  node.send({
    type: "append-response",
    to,
    index: received.index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  });
  if (node.abstains) sayWhatIsLeft(node, to);
}

/** @throws RaftError `log-lost` */
export function handleHeartbeat(node: NodeState, received: Message): void {
  // The leader believes what this node acknowledged and may have lost since. In its place may stand what it had replaced.
  const isLost = node.abstains && received.commit > surelyHeld(node);
  if (isLost) sayWhatIsLeft(node, received.from);
  else if (received.commit > node.log.lastIndex()) throw gone(node, received);
  else node.log.commitTo(received.commit);
  const index = promise(node, received);
  node.send({ type: "heartbeat-response", to: received.from, index, context: received.context });
}

/** A leader names no more than what this node has acknowledged to it. */
function gone({ log }: NodeState, { from, commit }: Message): RaftError {
  return new RaftError(
    "log-lost",
    `node ${from} was told of entry ${commit}, and the log here ends at ${log.lastIndex()}`,
  );
}

/**
 * To a leader a rejection of what was acknowledged before looks like an old message: it must be told that it is none. It
 * is told again for as long as it does not send what is missing, so that no message of this matters.
 */
function sayWhatIsLeft(node: NodeState, leader: NodeId): void {
  node.send({ type: "log-lost", to: leader, index: surelyHeld(node) });
}

/** How far a node that does not trust its log can be sure of it: as far as it was committed, or fitted to its leader's. */
export function surelyHeld({ log, matched, term }: NodeState): number {
  return matched.term === term ? Math.max(log.committed, matched.index) : log.committed;
}

export function handleSnapshot(node: NodeState, received: Message): void {
  const restored = received.snapshot !== undefined && restoreSnapshot(node, received.snapshot);
  const index = restored ? node.log.lastIndex() : node.log.committed;
  node.send({ type: "append-response", to: received.from, index });
}

/** The entries of an append. @throws RaftError `corrupt` when they have no place in the log. */
export function entriesOf(received: Message): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [i, entry] of received.entries.entries()) {
    if (!("index" in entry) || entry.index !== received.index + 1 + i) {
      throw new RaftError("corrupt", `entry ${i} of an append does not follow index ${received.index}`);
    }
    entries.push(entry);
  }
  return entries;
}
