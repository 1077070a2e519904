/** What happens in a run, for invariants to judge. */
import type { simulated } from "@parley/node/testing";

/** A replica of a cluster's state, as one life of a peer has it. */
export interface Replica {
  /** Of the life. */
  readonly life: string;
  readonly machine: number;
  readonly peer: string;
  readonly cluster: string;
  readonly state: simulated.ClusterState;
  /** Whether it leads, and in which term. */
  readonly role: string;
  readonly term: number;
}

/** A peer once all is healed. */
export interface Settled {
  readonly machine: number;
  readonly peer: string;
  readonly belonging: string;
  readonly cluster: string | undefined;
  /** Whether its cluster is its own, and holds nothing. */
  readonly isAloneAndEmpty: boolean;
  readonly replica: Replica | undefined;
  /** Whether it can open the mesh key; undefined when nobody asked. */
  readonly opensMeshKey: boolean;
}

export interface Acknowledged {
  readonly cluster: string;
  readonly key: string;
  readonly value: string;
  readonly index: number;
}

export type Happening =
  | { readonly type: "replica"; readonly replica: Replica; readonly before: simulated.ClusterState | undefined }
  | {
      readonly type: "accepted";
      readonly life: string;
      readonly peer: string;
      readonly what: string;
      readonly hasRevoked: boolean;
    }
  | {
      readonly type: "recorded";
      readonly machine: number;
      readonly standing: string;
      readonly cluster: string;
      readonly hasBelonged: boolean;
    }
  | { readonly type: "acknowledged"; readonly write: Acknowledged; readonly replicas: readonly Replica[] }
  /** All is well again, or should be. `trouble`: what is not. */
  | {
      readonly type: "healed";
      readonly peers: readonly Settled[];
      readonly trouble: string | undefined;
      /** No fault came before all founders were in one cluster. */
      readonly formedInCalm: boolean;
      /** Machines that started at the beginning are 1 to this. */
      readonly founders: number;
    };

export interface Invariant {
  readonly name: string;
  see(happening: Happening): void;
}
