/** How a leader brings its log to the others, and when what they hold is committed (dissertation, sections 3.5, 3.6). */
import { invariant, isRaftError } from "../errors.ts";
import { heartbeatStamp } from "./lease.ts";
import type { NodeState } from "./node-state.ts";
import type { Progress } from "./progress.ts";
import { payloadBytes, type Entry, type NodeId, type ProposedEntry } from "./types.ts";

/** Sends an append to `to`, even an empty one, unless it is paused. */
export function sendAppend(node: NodeState, to: NodeId): void {
  maybeSendAppend(node, to, true);
}

/**
 * Sends `to` what it lacks next: entries, or a snapshot when those are gone. False when there was nothing to send, or it
 * may not be sent now.
 */
export function maybeSendAppend(node: NodeState, to: NodeId, evenEmpty: boolean): boolean {
  const progress = node.tracker.progress.get(to);
  invariant(progress !== undefined, `an append to ${to}, who is no member`);
  if (progress.isPaused) return false;
  const previous = progress.next - 1;
  const previousTerm = node.log.termIfKnown(previous);
  if (previousTerm === undefined) return maybeSendSnapshot(node, to, progress);
  // A follower whose window is full is still sent an empty append: its answer reopens the window when all were lost.
  const isThrottled = progress.state === "replicate" && progress.inflights.full;
  const entries = isThrottled ? [] : entriesFor(node, progress);
  if (entries === undefined) return maybeSendSnapshot(node, to, progress);
  if (entries.length === 0 && !evenEmpty) return false;
  const commit = node.log.committed;
  node.send({ type: "append", to, index: previous, logTerm: previousTerm, entries, commit });
  progress.sentEntries(entries.length, payloadBytes(entries));
  progress.sentCommit = commit;
  return true;
}

function entriesFor(node: NodeState, progress: Progress): readonly Entry[] | undefined {
  try {
    return node.log.entriesFrom(progress.next, node.options.maxMessageBytes);
  } catch (error) {
    if (isRaftError(error, "compacted")) return undefined;
    throw error;
  }
}

function maybeSendSnapshot(node: NodeState, to: NodeId, progress: Progress): boolean {
  // To someone who is not there a snapshot would be made and sent for nothing.
  if (!progress.recentActive) return false;
  try {
    const snapshot = node.log.snapshot();
    invariant(snapshot.index > 0, "a snapshot is needed and there is none");
    node.send({ type: "snapshot", to, snapshot });
    progress.becomeSnapshot(snapshot.index);
    return true;
  } catch (error) {
    if (isRaftError(error, "snapshot-unavailable")) return false;
    throw error;
  }
}

/** Sends everyone what they lack. */
export function broadcastAppend(node: NodeState): void {
  for (const id of node.tracker.ids()) if (id !== node.id) sendAppend(node, id);
}

/** Sends everyone a heartbeat, which names the newest read that waits for its quorum. */
export function broadcastHeartbeat(node: NodeState, context = node.pendingReads.newestContext()): void {
  const index = heartbeatStamp(node);
  for (const id of node.tracker.ids()) {
    if (id === node.id) continue;
    const match = node.tracker.progress.get(id)?.match ?? 0;
    // A follower may have lost its tail: it is told to commit only what it is known to hold.
    node.send({ type: "heartbeat", to: id, commit: Math.min(match, node.log.committed), index, context });
  }
}

/** Takes proposals into the log. False when they would be too much that is not committed. */
export function appendProposals(node: NodeState, proposed: readonly ProposedEntry[]): boolean {
  const bytes = payloadBytes(proposed);
  const tooMuch = node.uncommittedBytes + bytes > node.options.maxUncommittedBytes;
  // With nothing under way even a large proposal passes, else it never could; what has no payload always does.
  if (bytes > 0 && node.uncommittedBytes > 0 && tooMuch) return false;
  node.uncommittedBytes += bytes;
  const { term } = node;
  const from = node.log.lastIndex() + 1;
  const last = node.log.append(proposed.map(({ type, data }, i) => ({ term, index: from + i, type, data })));
  // The leader's own word that it holds them, given like everyone's once they are durable.
  node.send({ type: "append-response", to: node.id, index: last });
  return true;
}

/** Commits what a quorum holds, if it is of this term (section 3.6.2: earlier terms are never committed by counting). */
export function maybeCommit(node: NodeState): boolean {
  return node.log.maybeCommit({ term: node.term, index: node.tracker.committed() });
}

/** Whether a leader has committed in its own term, and so knows how far the log is committed. */
export function hasCommittedInTerm(node: NodeState): boolean {
  return node.log.termIfKnown(node.log.committed) === node.term;
}
