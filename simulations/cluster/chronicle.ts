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
  /** Numbers that vote, as it knows. */
  readonly voters: readonly number[];
  /** In microseconds. */
  readonly at: number;
}

/** A peer once all is healed. */
export interface Settled {
  readonly machine: number;
  readonly peer: string;
  readonly belonging: string;
  readonly cluster: string | undefined;
  /** Its number there. */
  readonly node: number | undefined;
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

/** What a client asks of one register of a cluster; times are those of the run, in microseconds. */
export interface Call {
  /** Of this call alone. */
  readonly number: number;
  readonly cluster: string;
  /** `setting`: not a pair of the key-value face. */
  readonly kind: "pair" | "setting";
  readonly op: "put" | "get" | "cas";
  readonly key: string;
  /** What `put` and `cas` write; "" for `get`. */
  readonly value: string;
  /** What `cas` wants to find; null: nothing. */
  readonly expected: string | null;
  readonly at: number;
}

/** How it ended, as the client was told. `output`: what `get` found, whether `cas` took. */
export type Returned =
  | { readonly ended: "ok"; readonly output: string | boolean | null }
  | { readonly ended: "fail" }
  | { readonly ended: "unknown" };

/** A write under a name that no other has, given to an outbox. */
export interface Postponed {
  readonly cluster: string;
  readonly peer: string;
  /** Of its membership. */
  readonly node: number;
  readonly key: string;
}

/** What a peer that was prime once, or an owner, still tries; the cluster knows of a newer one already. */
export interface Late {
  readonly life: string;
  readonly what: string;
  readonly outcome: string;
}

/** What runs as prime is about to do something. */
export interface Acting {
  readonly life: string;
  readonly term: number;
  /** For how long its host has known, and been at work, that somebody else leads, or nobody. */
  readonly overForMs: number;
}

export type Happening =
  | { readonly type: "replica"; readonly replica: Replica; readonly before: simulated.ClusterState | undefined }
  | {
      readonly type: "accepted";
      readonly life: string;
      readonly peer: string;
      readonly what: string;
      /** The peer that accepts it. */
      readonly self: string;
      readonly hasRevoked: boolean;
    }
  | {
      readonly type: "recorded";
      readonly machine: number;
      readonly standing: string;
      readonly cluster: string;
      readonly hasBelonged: boolean;
    }
  | { readonly type: "called"; readonly call: Call }
  | { readonly type: "returned"; readonly number: number; readonly at: number; readonly returned: Returned }
  /** `id`: it is durable; undefined: it was not taken. */
  | { readonly type: "postponed"; readonly write: Postponed; readonly id: string | undefined }
  | { readonly type: "told"; readonly key: string; readonly outcome: string; readonly value: number | undefined }
  | { readonly type: "acting"; readonly acting: Acting }
  | { readonly type: "late"; readonly late: Late }
  /** The entity of a client has said where it lives. */
  | {
      readonly type: "home";
      readonly cluster: string;
      readonly client: string;
      readonly peer: string;
      readonly epoch: number;
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
