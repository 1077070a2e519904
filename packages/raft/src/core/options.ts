/** How one node of the core behaves. */
import { invariant } from "../errors.ts";
import type { LogReader } from "./storage.ts";
import type { NodeId } from "./types.ts";

/**
 * `safe`: a read waits until a quorum has confirmed the leader. `lease-based`: it need not while the leader has a lease,
 * which is only as good as the nodes' clocks ({@link RaftOptions.maxClockDrift}; `lease.ts` says what else it asks for).
 * It needs `checkQuorum`, must be the same on all nodes, and is never a default.
 */
export type ReadOnlyOption = "safe" | "lease-based";

/** Options of a node. Times are in ticks. */
export interface RaftOptions {
  readonly id: NodeId;
  /** A follower that hears nothing for this long, plus a random part of the same length, campaigns. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly storage: LogReader;
  /** A number in [0, 1); seeded by whoever wants runs to repeat. */
  readonly random: () => number;
  /** Index that the state machine had applied when it was stopped; 0: what the last snapshot holds. */
  readonly applied?: number;
  /** Appends and applications are messages to be answered, and Ready needs no `advance`. */
  readonly asyncStorageWrites?: boolean;
  /** Entries of one append, in bytes; always at least one entry. Default: no bound. */
  readonly maxMessageBytes?: number;
  /** Committed entries handed out and not applied yet, in bytes. Default: {@link maxMessageBytes}. */
  readonly maxApplyingBytes?: number;
  /** Proposals that are not committed yet, in bytes of payload. Default: no bound. */
  readonly maxUncommittedBytes?: number;
  /** Appends on their way to one follower. Default 256. */
  readonly maxInflightMessages?: number;
  /** The same in bytes; 0: no bound. Default 0. */
  readonly maxInflightBytes?: number;
  /** A leader that did not hear from a quorum for an election timeout steps down. Default false. */
  readonly checkQuorum?: boolean;
  /** A candidate asks first whether it could win, so that a returning node disturbs nobody. Default false. */
  readonly preVote?: boolean;
  /** Default `safe`. */
  readonly readOnly?: ReadOnlyOption;
  /**
   * Under leases, by what part the length of one node's ticks may exceed another's, over any election timeout. Beyond
   * that reads may be stale. Default 0.1.
   */
  readonly maxClockDrift?: number;
  /** Followers pass proposals on to the leader. Default true. */
  readonly forwardProposals?: boolean;
  /** Membership changes that break the rules are replaced by empty entries. Default true. */
  readonly validateMembershipChanges?: boolean;
  /**
   * Those who are behind are told: a refused candidate how far the refuser knows the log to be committed, and the sender
   * of a vote, an append or a heartbeat of an earlier term what term it is. Without it a cluster can come to a stand.
   * Members that have applied a change may not campaign any more, while those that have not need their votes; a learner
   * with a later term than its leader is never heard; two voters that do not know each other as such outbid each other.
   * Default false.
   */
  readonly informStragglers?: boolean;
  /** A leader that is removed or becomes a learner steps down as soon as that is applied. Default false. */
  readonly stepDownOnRemoval?: boolean;
  /**
   * The node is in doubt of its own log: it may have forgotten a vote, or entries that it acknowledged. It votes for
   * nobody and never campaigns, but takes the log in and acknowledges what it then holds. That is safe because a
   * quorum that elects without it still meets, in somebody else, every quorum that committed with it. The only voter
   * of a configuration is no exception: whether to go on with what is left is for whoever ends the doubt.
   * Default false.
   */
  readonly abstains?: boolean;
}

export type CompleteOptions = Required<RaftOptions>;

/** The options with their defaults. @throws InvariantError for options that contradict each other. */
export function completeOptions(given: RaftOptions): CompleteOptions {
  const maxMessageBytes = given.maxMessageBytes ?? Infinity;
  const options: CompleteOptions = {
    applied: 0,
    asyncStorageWrites: false,
    maxApplyingBytes: maxMessageBytes,
    maxUncommittedBytes: Infinity,
    maxInflightMessages: 256,
    maxInflightBytes: 0,
    checkQuorum: false,
    preVote: false,
    readOnly: "safe",
    maxClockDrift: 0.1,
    forwardProposals: true,
    validateMembershipChanges: true,
    informStragglers: false,
    stepDownOnRemoval: false,
    abstains: false,
    ...given,
    maxMessageBytes,
  };
  invariant(Number.isSafeInteger(options.id) && options.id > 0, `node id ${options.id} is not a positive integer`);
  invariant(options.heartbeatTicks >= 1, "a heartbeat takes at least one tick");
  checkElectionTicks(options.electionTicks, options);
  invariant(options.maxInflightMessages >= 1, "at least one append must be allowed on its way");
  invariant(options.maxClockDrift >= 0, `a clock drift of ${options.maxClockDrift}`);
  invariant(options.readOnly === "safe" || options.checkQuorum, "lease-based reads need checkQuorum");
  return options;
}

/** @throws InvariantError for an election timeout that one heartbeat could miss, or that breaks promises under leases. */
export function checkElectionTicks(electionTicks: number, options: CompleteOptions): void {
  const { heartbeatTicks, readOnly } = options;
  invariant(Number.isSafeInteger(electionTicks), `an election timeout of ${electionTicks} ticks is no whole number`);
  invariant(electionTicks > heartbeatTicks, "the election timeout must be longer than a heartbeat");
  const isLongEnough = readOnly === "safe" || electionTicks >= options.electionTicks;
  invariant(isLongEnough, "leases rest on an election timeout that does not become shorter");
}
