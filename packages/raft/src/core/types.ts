/**
 * The words of the protocol (Ongaro, "Consensus: Bridging Theory and Practice", 2014). Node ids are positive safe
 * integers; terms and indexes count from 1, and 0 means none.
 */

export type NodeId = number;
/** No node. */
export const NONE: NodeId = 0;
/** Where a node with asynchronous storage writes sends its appends; never a peer. */
export const APPEND_THREAD: NodeId = -1;
/** Where it sends committed entries to be applied. */
export const APPLY_THREAD: NodeId = -2;

export type EntryType = "normal" | "conf-change" | "conf-change-v2";

/** One entry of the log. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

/** An entry that has no place in the log yet. */
export type ProposedEntry = Pick<Entry, "type" | "data">;

/** What must be durable before anything that depends on it is said (section 3.8). `commit` may lag. */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
}

export const EMPTY_HARD_STATE: HardState = { term: 0, vote: NONE, commit: 0 };

/** A configuration as it is stored in snapshots. Outside a joint configuration `votersOutgoing` is empty. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Voters of the outgoing half that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  readonly autoLeave: boolean;
}

export const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

/** The state machine as of `index`, and the configuration then. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly data: Uint8Array;
}

/** Where the log stands: an index and the term of the entry there. */
export interface EntryId {
  readonly term: number;
  readonly index: number;
}

/** Between peers. */
export type PeerMessageType =
  | "append"
  | "append-response"
  | "vote"
  | "vote-response"
  | "pre-vote"
  | "pre-vote-response"
  | "heartbeat"
  | "heartbeat-response"
  | "snapshot"
  | "timeout-now"
  | "propose"
  | "transfer-leader"
  | "read-index"
  | "read-index-response"
  /** To the leader: the sender is sure of nothing after `index`, whatever it acknowledged before. */
  | "log-lost";

/** Within one node, from its driver or to and from its storage. */
export type LocalMessageType =
  | "campaign"
  | "beat"
  | "check-quorum"
  | "unreachable"
  | "snapshot-status"
  | "forget-leader"
  | "storage-append"
  | "storage-append-response"
  | "storage-apply"
  | "storage-apply-response";

export type MessageType = PeerMessageType | LocalMessageType;

/** One message. Fields that a type does not use are zero, empty or absent. */
export interface Message {
  readonly type: MessageType;
  readonly to: NodeId;
  readonly from: NodeId;
  /** 0 for messages within a node, for forwarded proposals and reads, and for `log-lost`. */
  readonly term: number;
  /** Term of the entry at `index`: of the previous entry (append), the last entry (vote), the hint (rejection); of a refused vote: of the entry at `commit`. */
  readonly logTerm: number;
  /** Where in the log; of a heartbeat under leases, and of its answer: when it was sent, in ticks of the leader. */
  readonly index: number;
  readonly entries: readonly (Entry | ProposedEntry)[];
  readonly commit: number;
  readonly vote: NodeId;
  readonly reject: boolean;
  /** Where a rejecting follower believes its log could match; of a vote: the term of the entry at `commit`. */
  readonly rejectHint: number;
  readonly snapshot: Snapshot | undefined;
  /** Names a read request; of a vote: whether a leadership transfer asked for it. */
  readonly context: Uint8Array | undefined;
  /** Of storage messages: what may be sent once the write is durable or the entries are applied. */
  readonly responses: readonly Message[];
}

const NO_ENTRIES: readonly Entry[] = [];
const NO_MESSAGES: readonly Message[] = [];

/** A message with everything not given at its empty value. */
export function message(given: Partial<Message> & Pick<Message, "type">): Message {
  return {
    type: given.type,
    to: given.to ?? NONE,
    from: given.from ?? NONE,
    term: given.term ?? 0,
    logTerm: given.logTerm ?? 0,
    index: given.index ?? 0,
    entries: given.entries ?? NO_ENTRIES,
    commit: given.commit ?? 0,
    vote: given.vote ?? NONE,
    reject: given.reject ?? false,
    rejectHint: given.rejectHint ?? 0,
    snapshot: given.snapshot,
    context: given.context,
    responses: given.responses ?? NO_MESSAGES,
  };
}

const LOCAL: ReadonlySet<MessageType> = new Set<LocalMessageType>([
  "campaign",
  "beat",
  "check-quorum",
  "unreachable",
  "snapshot-status",
  "forget-leader",
  "storage-append",
  "storage-append-response",
  "storage-apply",
  "storage-apply-response",
]);

/** True for messages that never cross between nodes. */
export function isLocalMessage(type: MessageType): type is LocalMessageType {
  return LOCAL.has(type);
}

const RESPONSES: ReadonlySet<MessageType> = new Set<MessageType>([
  "append-response",
  "vote-response",
  "pre-vote-response",
  "heartbeat-response",
  "unreachable",
  "read-index-response",
  "storage-append-response",
  "storage-apply-response",
]);

/** True for messages that answer one of this node's. */
export function isResponse(type: MessageType): boolean {
  return RESPONSES.has(type);
}

/** True for the node's own storage threads. */
export function isLocalTarget(id: NodeId): boolean {
  return id === APPEND_THREAD || id === APPLY_THREAD;
}

/** Bytes an entry's own fields take on the wire, counted alike on every node; limits are on this plus its data. */
const ENTRY_OVERHEAD_BYTES = 12;

/** Size of entries for message and apply limits. */
export function entriesBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += ENTRY_OVERHEAD_BYTES + entry.data.length;
  return bytes;
}

/** Size of what clients proposed; the empty entries of new leaders and left joint configurations count nothing. */
export function payloadBytes(entries: readonly ProposedEntry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.data.length;
  return bytes;
}

/** The longest prefix of `entries` within `maxBytes`, but at least one entry. */
export function limitEntries(entries: readonly Entry[], maxBytes: number): readonly Entry[] {
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    bytes += ENTRY_OVERHEAD_BYTES + entry.data.length;
    if (i > 0 && bytes > maxBytes) return entries.slice(0, i);
  }
  return entries;
}
