/** Bounds and paces of the Raft transport. */
import { DEFAULT_MAX_FRAME_BYTES } from "@parley/raft";

export interface RaftTransportLimits {
  /** Of one message with its header; a larger one is dropped. */
  readonly maxFrameBytes: number;
  /** Waiting for one peer; what goes beyond is dropped. One message alone may pass it. */
  readonly maxQueuedBytes: number;
  /** `unreachable` is said of one peer no more often. */
  readonly unreachableEveryMs: number;
  readonly openTimeoutMs: number;
  /** A snapshot of which neither side hears anything for so long has failed. */
  readonly snapshotStallMs: number;
  /** Of a snapshot, waiting for its receiver to take it in. */
  readonly maxSnapshotQueueBytes: number;
}

export const DEFAULT_RAFT_TRANSPORT_LIMITS: RaftTransportLimits = {
  maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
  maxQueuedBytes: 32 * 1024 * 1024,
  unreachableEveryMs: 40,
  openTimeoutMs: 2_000,
  snapshotStallMs: 10_000,
  maxSnapshotQueueBytes: 1024 * 1024,
};
