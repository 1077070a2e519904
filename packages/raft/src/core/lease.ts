/**
 * Leases: reads without a round trip (dissertation, section 6.4.1), for a leader who knows that nobody else can have been
 * elected yet. Only with `readOnly: "lease-based"`, and only as good as the nodes' clocks.
 *
 * What is promised. A follower that takes in a heartbeat gives nobody a vote or a pre-vote, itself included, for
 * `electionTicks` of its own ticks. A leader stamps each heartbeat with its own count of ticks; the answer brings the
 * stamp back. Whoever starts has promised as much, since it may have forgotten what it promised before.
 *
 * What the leader concludes. Let the newest stamp that a quorum of the configuration in force has answered (a quorum of
 * both halves, if it is joint; the leader itself has answered just now) be `s`, and the leader's count be `c`. Then no
 * later term has a leader while
 *
 *     (c - s + 1) * (1 + maxClockDrift) <= electionTicks - 1
 *
 * Why that is so. Take the first leader N elected in a term after that of leader L. No leader before N can have changed the
 * configuration but L and those before L. L claims its lease only while no change is on its way, so N counts by
 * the same configuration as L or by the one before it, and some voter V is in both quorums: that of N's votes and that of
 * the answers to L. V answered before it voted, for after its vote it knows a later term and answers L no more; if it lost
 * that in a crash, it promised anew when it started. The heartbeat was sent after tick `s` of L and came to V later. The
 * next tick of V may have come at once, so V's vote came more than `electionTicks - 1` of V's ticks after the sending. L
 * is before its tick `c + 1`, so less than `c + 1 - s` of L's ticks have passed since the sending. With ticks whose lengths
 * differ by no more than the drift, the vote is still to come.
 *
 * What would break it, and does not happen:
 * - A vote asked for by a transfer passes every promise. So a leader that begins to hand over has no lease for the
 *   rest of its term, even when the transfer comes to nothing: a timeout-now may arrive at any time. A timeout-now
 *   of an earlier term than L's asks for votes of L's term at most.
 * - A stamp of an earlier term: answers carry the term, and stamps are forgotten with the office.
 * - A voter that forgets its leader, or learns of a later term without a vote: the promise depends on neither.
 * - A shorter election timeout at run time: a promise takes what the options say, and the timeout is never less.
 * - The only voter starts free of promises, so that it need not wait for itself. Nobody else's lease can rest on it: a
 *   leader that is no voter claims none, and a configuration with more voters would be in the only voter's log.
 *
 * What whoever runs the core must do: give all nodes the same `electionTicks` and length of tick; let time that has passed
 * be ticks before a message or a read is stepped in. A node whose ticks stand still while others' go on is a clock that
 * drifts without bound.
 */
import type { NodeState } from "./node-state.ts";
import { committedIndex } from "./quorum.ts";
import type { Message } from "./types.ts";

function usesLeases({ options }: NodeState): boolean {
  return options.readOnly === "lease-based";
}

/** What a heartbeat is stamped with; 0 without leases. */
export function heartbeatStamp(node: NodeState): number {
  return usesLeases(node) ? node.ticks : 0;
}

/** Promises the sender of `heartbeat` not to vote for a while. The stamp for the answer; 0 without leases. */
export function promise(node: NodeState, heartbeat: Message): number {
  if (!usesLeases(node)) return 0;
  node.promisedAt = node.ticks;
  return heartbeat.index;
}

/** What a node has promised that starts, and does not know what it did before. */
export function promiseOnStart(node: NodeState): void {
  const { tracker, log, options } = node;
  const isOnlyVoter = tracker.isSingleton && tracker.voters.incoming.has(node.id);
  const isFree = isOnlyVoter && !log.holdsConfChange(log.applied, log.lastIndex(), options.maxMessageBytes);
  node.promisedAt = isFree ? undefined : node.ticks;
}

/** Whether this node has promised its leader not to vote. */
export function isPromised(node: NodeState): boolean {
  const { promisedAt, options, ticks } = node;
  return usesLeases(node) && promisedAt !== undefined && ticks - promisedAt < options.electionTicks;
}

/** A follower has answered a heartbeat. */
export function extendLease(node: NodeState, { from, index }: Message): void {
  if (usesLeases(node)) node.lease.answered(from, index);
}

/** Whether this node leads, and until its next tick nobody can lead in a later term. */
export function hasLease(node: NodeState): boolean {
  const { id, lease, log, options, role, ticks, tracker } = node;
  if (!usesLeases(node) || role !== "leader" || lease.isOver) return false;
  // A change on its way may be in force elsewhere already.
  if (node.pendingConfIndex > log.applied) return false;
  if (!tracker.voters.incoming.has(id) && !tracker.voters.outgoing.has(id)) return false;
  const stamp = committedIndex(tracker.voters, (member) => (member === id ? ticks : lease.newest(member)));
  return stamp > 0 && (ticks - stamp + 1) * (1 + options.maxClockDrift) <= options.electionTicks - 1;
}
