/** What a node says of itself. */
import { hasLease } from "./lease.ts";
import type { NodeState, Role } from "./node-state.ts";
import type { ProgressState } from "./progress.ts";
import type { ConfState, NodeId } from "./types.ts";

/** A follower as the leader sees it. */
export interface ProgressStatus {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState;
  readonly isLearner: boolean;
  readonly recentActive: boolean;
  readonly paused: boolean;
  readonly pendingSnapshot: number;
  readonly inflight: number;
}

/** A node at one moment. */
export interface Status {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: number;
  readonly vote: NodeId;
  readonly lead: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly transferee: NodeId;
  /** Leads, and serves reads by its lease until the next tick at least. */
  readonly hasLease: boolean;
  readonly confState: ConfState;
  /** Of everyone in the configuration; empty unless this node leads. */
  readonly progress: ReadonlyMap<NodeId, ProgressStatus>;
}

/** A copy: what happens to `node` later does not change it. */
export function statusOf(node: NodeState): Status {
  const { id, role, term, vote, lead, log, tracker, transferee } = node;
  const progress = new Map<NodeId, ProgressStatus>();
  if (role === "leader") {
    for (const [member, each] of tracker.progress) {
      const { match, next, state, isLearner, recentActive, pendingSnapshot, inflights } = each;
      const paused = each.isPaused;
      progress.set(member, {
        match,
        next,
        state,
        isLearner,
        recentActive,
        paused,
        pendingSnapshot,
        inflight: inflights.count,
      });
    }
  }
  return {
    id,
    role,
    term,
    vote,
    lead,
    commit: log.committed,
    applied: log.applied,
    lastIndex: log.lastIndex(),
    transferee,
    hasLease: hasLease(node),
    confState: tracker.confState(),
    progress,
  };
}
