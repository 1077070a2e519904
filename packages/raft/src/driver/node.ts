/** The face of a running node. `startNode` in `start.ts` makes one. */
import type { ConfChangeStep } from "../core/conf-change.ts";
import type { Ready, Status } from "../core/raw-node.ts";
import type { Entry, Message, NodeId } from "../core/types.ts";
import type { LogStore, SnapshotMeta } from "../storage/log-store.ts";
import type { Environment } from "./environment.ts";
import type { MembershipOutcome, ProposalOutcome, ReadOutcome, SessionOutcome, TransferOutcome } from "./outcome.ts";
import type { StateMachine } from "./state-machine.ts";
import type { NodeStatus } from "./status.ts";
import type { ElectionTiming } from "./timing.ts";
import type { Transport } from "./transport.ts";

/** A place in a client's session (dissertation, section 6.3). */
export interface SessionTag {
  /** As {@link RaftNode.openSession} gave it. */
  readonly session: number;
  /** Counts the client's commands from 1. A retry keeps the number of the first try. */
  readonly sequence: number;
  /** The client has the answers to all sequences up to this one: they need not be kept. */
  readonly acknowledged: number;
}

export interface CallOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
}

export interface ForwardOptions extends CallOptions {
  /** Whether a follower passes it on to the leader; else it answers `not-leader`. Default false. */
  readonly forward?: boolean;
}

export interface ProposeOptions extends ForwardOptions {
  /** Without it, a retry may be carried out twice. */
  readonly session?: SessionTag | undefined;
}

export interface RaftNode {
  readonly id: NodeId;
  /** Settles once the command is applied here, or with what else became of it. Never rejects. */
  propose(command: Uint8Array, options?: ProposeOptions): Promise<ProposalOutcome>;
  /** Settles once this node's state machine may be read linearizably; any node may be asked. Never rejects. */
  read(options?: CallOptions): Promise<ReadOutcome>;
  openSession(options?: ForwardOptions): Promise<SessionOutcome>;
  /** Several steps go through a joint configuration that is left by itself. Only the leader can. */
  changeMembership(steps: readonly ConfChangeStep[], options?: CallOptions): Promise<MembershipOutcome>;
  transferLeadership(to: NodeId, options?: CallOptions): Promise<TransferOutcome>;
  /** Takes a snapshot now; fulfilled when it is visible and the log before it is dropped. */
  snapshot(): Promise<void>;
  /** Stands for election now. For operators and tests. */
  campaign(): void;
  status(): NodeStatus;
  /** Hands leadership over when it has it, and stops; stays a member. May be called twice. */
  stop(options?: CallOptions): Promise<void>;
  /**
   * Hands leadership over, has itself removed from the configuration, and stops when the others know, or when it cannot be
   * removed: the last voter stays one.
   */
  leave(options?: CallOptions): Promise<MembershipOutcome>;
  /** Fulfilled when the node has stopped; with the error if it had to. */
  readonly stopped: Promise<Error | undefined>;
}

/** Sees what a node does, while it does it. For simulations and traces; must not throw, and never changes anything. */
export interface NodeObserver {
  /** Work is about to be carried out; `status` is the core's, as it stands now. */
  readied?(ready: Ready, status: Status): void;
  /** A message goes to a peer. */
  sending?(message: Message): void;
  /** An entry is about to be applied, in the order of the log; `applied` follows at once. */
  applying?(entry: Entry): void;
  applied?(entry: Entry): void;
  /** The state machine became this snapshot. */
  restored?(snapshot: SnapshotMeta): void;
  /** Something durable has changed: log, hard state or snapshot. */
  stored?(): void;
  /** Who leads, or the role here, has changed. */
  roleChanged?(): void;
}

export interface NodeOptions {
  readonly id: NodeId;
  readonly log: LogStore;
  readonly transport: Transport;
  readonly machine: StateMachine;
  /**
   * Voters that the cluster starts with; the same on all of them. Only looked at by a node whose log is empty; one
   * that joins a running cluster leaves it out, and waits to be added.
   */
  readonly bootstrap?: readonly NodeId[];
  /** Default: the system's clock, timers and randomness. */
  readonly environment?: Environment;
  /** Default {@link LAN}. */
  readonly timing?: ElectionTiming;
  readonly limits?: Partial<NodeLimits>;
  /**
   * Default: none. Every read is confirmed by a quorum. With leases the leader answers reads by itself, which is right only
   * while the clocks of all nodes keep to the bound; all nodes must be given the same, and the same `timing`, which is then
   * not adapted. See `core/lease.ts`.
   */
  readonly leases?: LeaseOptions | undefined;
  readonly observer?: NodeObserver;
}

export interface LeaseOptions {
  /** By what part the speed of one node's clock may exceed another's, over any election timeout: 0.1 is ten per cent. */
  readonly maxClockDrift: number;
}

/** Bounds of what a node keeps waiting. */
export interface NodeLimits {
  /** Proposals, whether waiting or under way; more are refused as `overloaded`. */
  readonly maxProposals: number;
  /** The same in bytes. */
  readonly maxProposalBytes: number;
  /** Of one command. */
  readonly maxCommandBytes: number;
  readonly maxReads: number;
  /** Of one append message. */
  readonly maxMessageBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Client sessions kept; the one unused for longest is given up for a new one. */
  readonly maxSessions: number;
  /** A snapshot is taken after this many applied entries … */
  readonly snapshotEntries: number;
  /** … or this many bytes of them. */
  readonly snapshotBytes: number;
}
