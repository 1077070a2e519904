/** What the prime looks at when it decides who votes. */
import type { ConfChangeStep, NodeId } from "@parley/raft";

/** One peer: a member, or one that still stands in the configuration though it has left or was revoked. */
export interface Standing {
  readonly node: NodeId;
  /** Whether it is a member. */
  readonly belongs: boolean;
  readonly isAlive: boolean;
  /** For how long it has been alive, or has not. A new prime counts from its election. */
  readonly forMs: number;
  /** How often it went silent without saying so, lately. */
  readonly departures: number;
  /** It has said that it will sleep, or sleeps. */
  readonly isAsleep: boolean;
  /** It has all of the log but what is on its way. */
  readonly isCaughtUp: boolean;
  /** It has no battery to save. */
  readonly isAlwaysOn: boolean;
}

export interface MembershipView {
  readonly prime: NodeId;
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** A change is under way. */
  readonly isChanging: boolean;
  readonly standings: readonly Standing[];
}

/** One thing to do next. */
export type MembershipStep =
  | { readonly kind: "change"; readonly steps: readonly ConfChangeStep[]; readonly why: string }
  | { readonly kind: "hand-over"; readonly to: NodeId; readonly why: string };

export interface MembershipTiming {
  /** A voter that is silent for so long may be replaced. */
  readonly replaceAfterMs: number;
  /** A learner that has been alive for so long may vote; twice as long for each of its departures, ten minutes at most. */
  readonly steadyMs: number;
  /** Hosts that are always on take the place of others after so long. */
  readonly settledMs: number;
}

export const MEMBERSHIP_TIMING: MembershipTiming = {
  replaceAfterMs: 60_000,
  steadyMs: 2_000,
  settledMs: 10 * 60_000,
};

/** As many as it takes to decide. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
