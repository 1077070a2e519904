/** Bounds and paces of a {@link TcpTransport}. */
import { DEFAULT_MAX_FRAME_BYTES } from "../../wire/frames.ts";

export interface TcpLimits {
  /** Of one message with its header; a larger one is dropped. */
  readonly maxFrameBytes: number;
  /** Waiting for one peer, handed to its socket or held by a delayed link; more are dropped. */
  readonly maxQueuedMessages: number;
  /** The same in bytes. One message alone may pass it. */
  readonly maxQueuedBytes: number;
  readonly pingEveryMs: number;
  /** A dial takes no longer. */
  readonly dialTimeoutMs: number;
  /** The first dial that fails is repeated at once, the next after this pause, and each doubles it … */
  readonly minBackoffMs: number;
  /** … up to this. A connection that lasted longer begins anew. */
  readonly maxBackoffMs: number;
  /** `unreachable` is said no more often. */
  readonly unreachableEveryMs: number;
  /** A connection that does not say whose it is by then is closed. */
  readonly helloTimeoutMs: number;
  /** A snapshot of which neither side hears anything for so long has failed. */
  readonly snapshotStallMs: number;
  /** Of a snapshot, waiting for the receiver to take it in. */
  readonly maxSnapshotQueueBytes: number;
}

export const DEFAULT_TCP_LIMITS: TcpLimits = {
  maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
  maxQueuedMessages: 4096,
  maxQueuedBytes: 32 * 1024 * 1024,
  pingEveryMs: 100,
  dialTimeoutMs: 2000,
  maxBackoffMs: 250,
  minBackoffMs: 1,
  unreachableEveryMs: 40,
  helloTimeoutMs: 5000,
  snapshotStallMs: 10_000,
  maxSnapshotQueueBytes: 1024 * 1024,
};
