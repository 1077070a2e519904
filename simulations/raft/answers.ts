/** What clients were told, for invariants to judge. */
import type { MembershipOutcome, ProposalOutcome } from "@parley/raft";
import type { Append } from "./machine.ts";

/** A proposal that a node settled. */
export interface Answer {
  readonly append: Append;
  readonly outcome: ProposalOutcome;
}

/** What the client's own session made of all tries. */
export interface Conclusion {
  readonly client: number;
  readonly sequence: number;
  readonly outcome: ProposalOutcome;
}

/** A membership change that a node settled. */
export interface MembershipAnswer {
  readonly outcome: MembershipOutcome;
}

/** A completed operation of a client. */
export interface Seen {
  readonly node: number;
  readonly key: number;
  /** What the register's length was known to be at least when the operation began, and when it ended. */
  readonly floor: number;
  readonly position: number;
  readonly index: number;
  readonly name: string;
}
