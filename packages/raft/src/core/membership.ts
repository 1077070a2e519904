/** Applying membership changes, and taking a snapshot's membership over (dissertation, chapter 4). */
import { changeSimply, enterJoint, leaveJoint, restoreMembership, type Membership } from "./changer.ts";
import { entersJoint, leavesJoint, type ConfChange } from "./conf-change.ts";
import type { NodeState } from "./node-state.ts";
import { broadcastAppend, maybeCommit, maybeSendAppend } from "./replication.ts";
import { abortTransfer, becomeFollower } from "./roles.ts";
import { Tracker } from "./tracker.ts";
import { NONE, type ConfState, type Snapshot } from "./types.ts";

/**
 * Puts a committed membership change into force. The driver calls it when it applies the entry.
 * @throws RaftError `bad-membership-change`.
 */
export function applyConfChange(node: NodeState, change: ConfChange): ConfState {
  return switchTo(node, following(node, change));
}

function following({ tracker, log }: NodeState, change: ConfChange): Membership {
  if (leavesJoint(change)) return leaveJoint(tracker);
  const joint = entersJoint(change);
  if (joint !== undefined) return enterJoint(tracker, log.lastIndex(), joint.autoLeave, change.steps);
  return changeSimply(tracker, log.lastIndex(), change.steps);
}

/** Takes over the membership of `state`, forgetting what was known of everyone's progress. */
export function restoreConfState(node: NodeState, state: ConfState): void {
  const tracker = new Tracker(node.options);
  const membership = restoreMembership(tracker, node.log.lastIndex(), state);
  node.tracker = tracker;
  switchTo(node, membership);
}

function switchTo(node: NodeState, { configuration, progress }: Membership): ConfState {
  const { tracker } = node;
  tracker.configuration = configuration;
  tracker.progress = progress;
  const state = tracker.confState();
  const own = progress.get(node.id);
  node.isLearner = own?.isLearner === true;
  if (node.role !== "leader") return state;
  if (own === undefined || own.isLearner) {
    // Without the option it leads on, not counting itself, until it hands over or another is elected.
    if (node.options.stepDownOnRemoval) becomeFollower(node, node.term, NONE);
    return state;
  }
  if (state.voters.length === 0) return state;
  if (maybeCommit(node)) {
    // The quorum became smaller and what it holds is committed now.
    broadcastAppend(node);
  } else {
    // New members are sent the log at once instead of at the next proposal or heartbeat.
    for (const id of tracker.ids()) if (id !== node.id) maybeSendAppend(node, id, false);
  }
  const { incoming, outgoing } = configuration.voters;
  if (node.transferee !== NONE && !incoming.has(node.transferee) && !outgoing.has(node.transferee)) abortTransfer(node);
  return state;
}

/** Replaces log and membership by `snapshot`. False when the log holds all of it, or it is not for this node. */
export function restoreSnapshot(node: NodeState, snapshot: Snapshot): boolean {
  const { log } = node;
  if (snapshot.index <= log.committed) return false;
  if (node.role !== "follower") {
    // A snapshot comes from a leader of this term, so this node follows it; anything else is a defect of the sender.
    becomeFollower(node, node.term + 1, NONE);
    return false;
  }
  // The driver is about to apply a change of before; it must not be put on top of the snapshot's configuration. The
  // snapshot will be sent again.
  if (log.holdsConfChange(log.applied, log.applying, node.options.maxMessageBytes)) return false;
  const { voters, votersOutgoing, learners } = snapshot.confState;
  // To take over a configuration one is not in would leave a node that nobody talks to.
  if (![...voters, ...votersOutgoing, ...learners].includes(node.id)) return false;
  if (log.matches({ index: snapshot.index, term: snapshot.term })) {
    // The log holds it all: only the commit index is news.
    log.commitTo(snapshot.index);
    return false;
  }
  log.restore(snapshot);
  restoreConfState(node, snapshot.confState);
  return true;
}
