/** What a node says of itself. */
import type { ProgressStatus, Status } from "../core/raw-node.ts";
import type { NodeId } from "../core/types.ts";
import type { OpenResult } from "../storage/log-store.ts";

/** Counts of durations; bucket `i` holds those up to `boundsMs[i]`, the last one all others. */
export interface HistogramStatus {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  /** Estimated from the buckets; undefined while there is nothing. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** A follower as the leader sees it. */
export interface PeerStatus extends ProgressStatus {
  /** Entries that it does not have yet. */
  readonly lag: number;
  readonly roundTripMs: number | undefined;
}

export interface NodeStatus extends Omit<Status, "progress"> {
  readonly firstIndex: number;
  readonly snapshotIndex: number;
  readonly isStopped: boolean;
  /** Why this node does not vote; `intact` when it does. */
  readonly log: OpenResult;
  /** The election timeout now, as it was adapted. */
  readonly electionMs: number;
  /** Of everyone else in the configuration; empty unless this node leads. */
  readonly peers: ReadonlyMap<NodeId, PeerStatus>;
  readonly waiting: { readonly proposals: number; readonly proposalBytes: number; readonly reads: number };
  readonly sessions: number;
  readonly counters: NodeCounters;
  /** One synced write of the log. */
  readonly syncMs: HistogramStatus;
  /** From proposal to application, here. */
  readonly commitMs: HistogramStatus;
  readonly readMs: HistogramStatus;
}

/** Since the node started. */
export interface NodeCounters {
  readonly proposed: number;
  readonly committed: number;
  readonly refused: number;
  readonly unknown: number;
  readonly reads: number;
  readonly applied: number;
  readonly syncs: number;
  readonly electionsStarted: number;
  readonly leaderChanges: number;
  readonly snapshotsTaken: number;
  readonly snapshotsSent: number;
  readonly snapshotsReceived: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
}
