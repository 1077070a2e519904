/** The configuration in force, the progress of everyone in it, and the votes of an election. */
import { Inflights } from "./inflights.ts";
import type { Progress } from "./progress.ts";
import { committedIndex, voteResult, type JointVoters, type VoteResult } from "./quorum.ts";
import type { ConfState, NodeId } from "./types.ts";

/** Who votes and who learns. */
export interface Configuration {
  readonly voters: JointVoters;
  /** Leave the joint configuration by itself once it is applied. */
  readonly autoLeave: boolean;
  readonly learners: ReadonlySet<NodeId>;
  readonly learnersNext: ReadonlySet<NodeId>;
}

export type ProgressMap = Map<NodeId, Progress>;

const EMPTY_CONFIGURATION: Configuration = {
  voters: { incoming: new Set(), outgoing: new Set() },
  autoLeave: false,
  learners: new Set(),
  learnersNext: new Set(),
};

/** Bounds of what may be on its way to one follower. */
export interface InflightLimits {
  readonly maxInflightMessages: number;
  /** 0: none. */
  readonly maxInflightBytes: number;
}

/** Followers' progress under one configuration. */
export class Tracker {
  readonly limits: InflightLimits;
  configuration: Configuration = EMPTY_CONFIGURATION;
  progress: ProgressMap = new Map();
  votes = new Map<NodeId, boolean>();

  constructor(limits: InflightLimits) {
    this.limits = limits;
  }

  newInflights(): Inflights {
    return new Inflights(this.limits.maxInflightMessages, this.limits.maxInflightBytes);
  }

  get voters(): JointVoters {
    return this.configuration.voters;
  }

  /** One voter and no change under way: what it has, the cluster has. */
  get isSingleton(): boolean {
    return this.voters.incoming.size === 1 && this.voters.outgoing.size === 0;
  }

  get isJoint(): boolean {
    return this.voters.outgoing.size > 0;
  }

  /** Everyone with a progress, in ascending order, so that runs repeat. */
  ids(): NodeId[] {
    return [...this.progress.keys()].sort((a, b) => a - b);
  }

  committed(): number {
    return committedIndex(this.voters, (id) => this.progress.get(id)?.match);
  }

  /** Whether a quorum was heard from since the last check. */
  quorumActive(): boolean {
    const active = new Map<NodeId, boolean>();
    for (const [id, progress] of this.progress) if (!progress.isLearner) active.set(id, progress.recentActive);
    return voteResult(this.voters, active) === "won";
  }

  resetVotes(): void {
    this.votes = new Map();
  }

  /** A node's first word counts. */
  recordVote(id: NodeId, granted: boolean): void {
    if (!this.votes.has(id)) this.votes.set(id, granted);
  }

  tally(): VoteResult {
    return voteResult(this.voters, this.votes);
  }

  confState(): ConfState {
    const { voters, autoLeave, learners, learnersNext } = this.configuration;
    const sorted = (ids: ReadonlySet<NodeId>): NodeId[] => [...ids].sort((a, b) => a - b);
    return {
      voters: sorted(voters.incoming),
      votersOutgoing: sorted(voters.outgoing),
      learners: sorted(learners),
      learnersNext: sorted(learnersNext),
      autoLeave,
    };
  }
}
