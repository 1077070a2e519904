/** How proposals, reads and changes end. They are values, not errors: a caller must tell them apart. */
import type { ConfState, NodeId } from "../core/types.ts";

/** Nothing was done, and nothing will be: safe to try again, here or elsewhere. */
export interface Refused {
  readonly outcome: "refused";
  readonly reason: RefusalReason;
  /** For a person. */
  readonly detail: string;
}

export type RefusalReason =
  /** Too much waits already: come back later. */
  | "overloaded"
  /** Another leader's entry took its place in the log. */
  | "superseded"
  /** Leadership is being handed over. */
  | "transferring"
  /** The deadline passed before it was proposed. */
  | "deadline"
  /** The node is stopping or has stopped. */
  | "stopped"
  /** Too large to be an entry. */
  | "too-large"
  /** The session is unknown or was given up for newer ones: what was sent before under it may or may not have been done. */
  | "session-expired"
  /** The session said before that it has the answer to this sequence number. */
  | "already-acknowledged"
  /** The membership change breaks a rule, or another one is under way. */
  | "bad-membership-change"
  /** The node that leadership is to go to is no voter, or does not answer. */
  | "bad-transferee";

/** Nothing was done here: only the leader can. */
export interface NotLeader {
  readonly outcome: "not-leader";
  /** Who leads, as far as this node knows. */
  readonly leader: NodeId | undefined;
}

/** It may have been done, may still be done, or never. With a client session, retrying under the same sequence is safe. */
export interface Unknown {
  readonly outcome: "unknown";
  readonly reason: "deadline" | "stopped" | "overtaken-by-snapshot";
  readonly detail: string;
}

/** Durable on a quorum and applied here. */
export interface Committed {
  readonly outcome: "committed";
  readonly index: number;
  readonly term: number;
  /** The state machine's result; of a retry, that of the first time. */
  readonly result: Uint8Array;
}

export type ProposalOutcome = Committed | Refused | NotLeader | Unknown;

/** The state machine here holds all that was committed when the read was asked for: read it now. */
export interface Readable {
  readonly outcome: "readable";
  readonly index: number;
}

export type ReadOutcome = Readable | Refused | NotLeader;

export interface MembershipChanged {
  readonly outcome: "committed";
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export type MembershipOutcome = MembershipChanged | Refused | NotLeader | Unknown;

export type TransferOutcome =
  | { readonly outcome: "transferred"; readonly leader: NodeId }
  | Refused
  | NotLeader
  | { readonly outcome: "unknown"; readonly reason: "deadline" | "stopped"; readonly detail: string };

export type SessionOutcome = { readonly outcome: "opened"; readonly session: number } | Refused | NotLeader | Unknown;
