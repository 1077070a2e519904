/** What is known here of the cluster, from which its state is explained. */

import type { MovedOnMember, OtherCluster } from "./others.ts";

/** A member, or a voter that is none any more. */
export interface PeerFacts {
  readonly peer: string;
  readonly name: string;
  /** Whether there is a link with it. Of this peer itself: true. */
  readonly isOnline: boolean;
  /** Its host has said so. */
  readonly isAsleep: boolean;
  /** Why its vote is being taken, though it is awake. Default: it is not. */
  readonly losesVoteBy?: "leaving" | "revocation" | undefined;
  /** It has said so: others do what it did. Default: it does not. */
  readonly isDraining?: boolean | undefined;
  /** Entries that it has yet to get; undefined where nobody here knows. */
  readonly lag: number | undefined;
  /** For how long it has not been heard of; undefined: it is online, or never was in this life of the peer. */
  readonly silentMs: number | undefined;
  /** Where another process with its identity was seen that tries to take its place. Default: there is none. */
  readonly twinAt?: string | undefined;
}

export interface ConsensusFacts {
  readonly term: number;
  /** As far as it is known here. */
  readonly prime: string | undefined;
  readonly voters: readonly string[];
  /** While the voters change: those before, whose majority is asked as well. Else empty. */
  readonly votersBefore: readonly string[];
  readonly learners: readonly string[];
  /** This peer's log lost something: it does not vote before it has caught up. */
  readonly isInDoubt: boolean;
  /** Commands that wait here to be agreed on. */
  readonly waiting: number;
}

/** Writes that wait to be delivered to the cluster. */
export interface OutboxFacts {
  readonly waiting: number;
  readonly bytes: number;
  /** For how long the oldest has waited. */
  readonly oldestMs: number;
}

export interface RevocationFacts {
  readonly name: string;
  readonly notYetAppliedBy: readonly string[];
}

export type ClusterFacts =
  | { readonly belonging: "off" }
  | { readonly belonging: "looking"; readonly hasBelonged: boolean }
  | { readonly belonging: "waiting"; readonly cluster: string; readonly fingerprint: string | undefined }
  | { readonly belonging: "left"; readonly cluster: string }
  | {
      readonly belonging: "revoked";
      readonly cluster: string;
      /** Another cluster that it waits beside. Default: none. */
      readonly beside?: string | undefined;
      readonly fingerprint?: string | undefined;
    }
  | {
      readonly belonging: "member";
      readonly self: string;
      readonly cluster: string;
      readonly peers: readonly PeerFacts[];
      readonly consensus: ConsensusFacts;
      readonly revocations: readonly RevocationFacts[];
      /** Undefined: nothing waits. */
      readonly outbox?: OutboxFacts | undefined;
      /** Names of peers that show this cluster and are not known to belong to it, while nobody leads. Default: none. */
      readonly claimants?: readonly string[];
      /** Other clusters that hold something, as this one does. Default: none. */
      readonly others?: readonly OtherCluster[];
      /** Names of members that say that this peer was revoked; too few of them to be certain. */
      readonly accusers: readonly string[];
      /** Members that refuse this peer and show another cluster; only their word. Default: none. */
      readonly movedOn?: readonly MovedOnMember[];
      /** Names of members that are linked with another process of this peer's identity. Default: none. */
      readonly twinKnownBy?: readonly string[];
    };

export type MemberFacts = Extract<ClusterFacts, { readonly belonging: "member" }>;
