/** What one node knows and has to say. The other files of the core are the rules by which it changes. */
import { invariant } from "../errors.ts";
import type { CompleteOptions } from "./options.ts";
import { RaftLog } from "./raft-log.ts";
import { PendingReads } from "./read-only.ts";
import { Lease } from "./stamps.ts";
import { Tracker } from "./tracker.ts";
import { message, NONE, type HardState, type Message, type NodeId } from "./types.ts";

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** An answered read: the state machine must have applied `index` before it answers. */
export interface ReadState {
  readonly index: number;
  readonly context: Uint8Array;
}

/** A node. Owned by one driver; nothing here is safe to touch from outside the core. */
export class NodeState {
  readonly options: CompleteOptions;
  readonly id: NodeId;
  readonly log: RaftLog;
  tracker: Tracker;
  term = 0;
  vote: NodeId = NONE;
  role: Role = "follower";
  lead: NodeId = NONE;
  isLearner = false;
  /** To whom leadership is being handed; {@link NONE} when it is not. */
  transferee: NodeId = NONE;
  /** Messages that may go out at once. */
  messages: Message[] = [];
  /** Messages that promise something durable: they go out after the write that makes it so. */
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];
  pendingReads = new PendingReads();
  /** Reads that came before this leader had committed an entry of its own term. */
  earlyReads: Message[] = [];
  /** At most one membership change may be in the log and not applied: none before this index is applied. */
  pendingConfIndex = 0;
  /** Payload of proposals that are not committed yet. */
  uncommittedBytes = 0;
  /** All that came, in whatever role; it begins with 1 because a stamp of 0 is none. */
  ticks = 1;
  /** When this node last promised not to vote for a while; kept under leases. */
  promisedAt: number | undefined;
  /** Of this leader. */
  lease = new Lease();
  electionElapsed = 0;
  /** May be changed while the node runs. */
  electionTicks: number;
  /** In doubt of its own log: see {@link CompleteOptions.abstains}. */
  abstains: boolean;
  /** How far the log was found to match that of the leader of `term`, by appends of this life. */
  matched = { term: 0, index: 0 };
  heartbeatElapsed = 0;
  /** In [electionTicks, 2 * electionTicks). */
  randomizedElectionTicks = 0;

  constructor(options: CompleteOptions) {
    this.options = options;
    this.id = options.id;
    this.electionTicks = options.electionTicks;
    this.abstains = options.abstains;
    this.log = new RaftLog(options.storage, options.maxApplyingBytes);
    this.tracker = new Tracker(options);
  }

  hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed };
  }

  /** Queues a message from this node, with its term unless the message carries one of its own. */
  send(given: Partial<Message> & Pick<Message, "type" | "to">): void {
    const from = given.from ?? this.id;
    const out = message({ ...given, from, term: this.#termOf(given) });
    switch (out.type) {
      case "append-response":
      case "vote-response":
      case "pre-vote-response":
        // Each says that a vote, a term or entries are durable; so they must be when it is said.
        this.messagesAfterAppend.push(out);
        return;
      case "append":
      case "vote":
      case "pre-vote":
      case "heartbeat":
      case "heartbeat-response":
      case "snapshot":
      case "timeout-now":
      case "propose":
      case "transfer-leader":
      case "read-index":
      case "read-index-response":
      case "log-lost":
        invariant(out.to !== this.id, `${out.type} to myself`);
        this.messages.push(out);
        return;
      case "campaign":
      case "beat":
      case "check-quorum":
      case "unreachable":
      case "snapshot-status":
      case "forget-leader":
      case "storage-append":
      case "storage-append-response":
      case "storage-apply":
      case "storage-apply-response":
        invariant(false, `${out.type} is not sent`);
    }
  }

  #termOf(given: Partial<Message> & Pick<Message, "type">): number {
    switch (given.type) {
      case "vote":
      case "vote-response":
      case "pre-vote":
      case "pre-vote-response":
        // These speak of the term that is campaigned for, which need not be this node's.
        invariant(given.term !== undefined && given.term > 0, `${given.type} without a term`);
        return given.term;
      case "propose":
      case "read-index":
        // Passed on for a client; whoever leads takes it in its own term.
        return 0;
      case "log-lost":
        // Who lost its log may have lost its term too, and is to be believed all the same.
        return 0;
      default:
        invariant(given.term === undefined || given.term === 0, `${given.type} with a term of its own`);
        return this.term;
    }
  }

  resetRandomizedTimeout(): void {
    const { electionTicks } = this;
    const { random } = this.options;
    this.randomizedElectionTicks = electionTicks + Math.floor(random() * electionTicks);
  }

  get pastElectionTimeout(): boolean {
    return this.electionElapsed >= this.randomizedElectionTicks;
  }

  /** Whether this node may campaign: a voter whose snapshot, if one came, is durable, and who trusts its own log. */
  get isPromotable(): boolean {
    if (this.abstains) return false;
    const own = this.tracker.progress.get(this.id);
    return own !== undefined && !own.isLearner && this.log.unstable.snapshot === undefined;
  }
}
