/** What the cluster agrees on. Values here never change; each command gives a new state. */
import type { PlacementTableState } from "@parley/actors";
import type { CommandResult } from "./codec.ts";
import { Ordered } from "./ordered.ts";
import type { NodeRecord } from "./schemas.ts";

/** A peer that belongs. Peers are named by their libp2p peer id. */
export interface Member {
  readonly peer: string;
  /** Its number in the consensus engine; never given to another peer, nor to this one after it has left. */
  readonly node: number;
  readonly name: string;
  /** What the mesh key is sealed to for it. */
  readonly sealingKey: Uint8Array;
  readonly roles: readonly string[];
  readonly admittedMs: number;
  /** The newest version of the commands that its software knows. */
  readonly knows: number;
}

/** A peer that was thrown out, for ever. */
export interface Revoked {
  readonly peer: string;
  readonly node: number;
  readonly name: string;
  /** The member whose person did it. */
  readonly by: string;
  readonly revokedMs: number;
  /** Members that refuse it from now on, as they say themselves. */
  readonly acknowledged: readonly string[];
}

/** One generation of the mesh key, as everybody may see it. */
export interface MeshKeyLink {
  readonly publicKey: Uint8Array;
  /** By the generation before; by this one itself when it is the first. */
  readonly signature: Uint8Array;
}

/** The one identity of the mesh. Whether its signatures hold is looked at by who uses it: replicas only keep them. */
export interface MeshKey extends MeshKeyLink {
  /** Counts from 1. */
  readonly generation: number;
  /** The generations right before it, the oldest first: who knows one of them can follow to this one. */
  readonly earlier: readonly MeshKeyLink[];
  /** The private key, sealed to each peer that may use it. */
  readonly sealed: Ordered<Uint8Array>;
}

/** A key's value. */
export interface Pair {
  readonly value: Uint8Array;
  /** Index of the log entry that wrote it. */
  readonly revision: number;
}

export interface FenceMark {
  readonly kind: "epoch" | "term";
  readonly token: number;
}

/** How far a peer's outbox has been emptied: what comes again is told by this, and not carried out twice. */
export interface Delivered {
  /** Names the outbox: one that was lost gives way to another. */
  readonly box: string;
  /** Of the last command of that outbox. */
  readonly sequence: number;
  /** What became of those that came last. */
  readonly results: readonly DeliveredResult[];
}

export type DeliveredResult = readonly [sequence: number, result: CommandResult];

/** What another host needs to go on with a session. Nothing in it can be read here: the keys are elsewhere. */
export interface SessionJournal {
  /** Whose stamps are asked for: the shard that the session lives in. */
  readonly scope: string;
  /** The last turn that was begun; rises from turn to turn. */
  readonly turn: number;
  /** Of the turn that goes on; undefined between turns. */
  readonly records: readonly Uint8Array[] | undefined;
  /** The session between its turns, as the last one left it. */
  readonly kept: Uint8Array | undefined;
  /** When it was written to, by the clock of who did. */
  readonly atMs: number;
}

export interface ClusterState {
  /** Version of the commands in force. */
  readonly version: number;
  /** Undefined until somebody has founded it. */
  readonly id: string | undefined;
  /** Of the last command. */
  readonly index: number;
  readonly term: number;
  /** The next member's number. */
  readonly nextNode: number;
  /** By peer. */
  readonly members: Ordered<Member>;
  readonly revoked: Ordered<Revoked>;
  /** The numbers of peers that left and did not come back: one that did not hear that it was let go is told. */
  readonly left: Ordered<number>;
  readonly records: Ordered<NodeRecord>;
  readonly meshKey: MeshKey | undefined;
  readonly settings: Ordered<string>;
  readonly pairs: Ordered<Pair>;
  /** Keys (in characters) and values of all pairs. */
  readonly pairBytes: number;
  /** By peer; only of members. */
  readonly delivered: Ordered<Delivered>;
  /** Where entities live, by kind. */
  readonly tables: Ordered<PlacementTableState>;
  /** Entities to be woken, by {@link entityKey}. */
  readonly entities: Ordered<true>;
  /** By scope. */
  readonly fences: Ordered<FenceMark>;
  /** By session. */
  readonly journals: Ordered<SessionJournal>;
  /** What all journals take, as {@link journalBytesOf} counts. */
  readonly journalBytes: number;
}

export const EMPTY_STATE: ClusterState = {
  version: 1,
  id: undefined,
  index: 0,
  term: 0,
  nextNode: 1,
  members: Ordered.empty(),
  revoked: Ordered.empty(),
  left: Ordered.empty(),
  records: Ordered.empty(),
  meshKey: undefined,
  settings: Ordered.empty(),
  pairs: Ordered.empty(),
  pairBytes: 0,
  delivered: Ordered.empty(),
  tables: Ordered.empty(),
  entities: Ordered.empty(),
  fences: Ordered.empty(),
  journals: Ordered.empty(),
  journalBytes: 0,
};

/** Scopes hold no NUL, so no scope's entities lie among another's. */
export function entityKey(scope: string, entity: string): string {
  return `${scope}\u0000${entity}`;
}

/** The entities of a scope, in order. */
export function entitiesOf(state: ClusterState, scope: string): readonly string[] {
  const range = state.entities.range({ from: `${scope}\u0000`, to: `${scope}\u0001` });
  return [...range].map(([key]) => key.slice(scope.length + 1));
}

/** All generations of the mesh key that are known, the oldest first. */
export function linksOf(meshKey: MeshKey | undefined): readonly MeshKeyLink[] {
  if (meshKey === undefined) return [];
  const { publicKey, signature, earlier } = meshKey;
  return [...earlier, { publicKey, signature }];
}

/** Whether somebody who does not belong any more can unseal the mesh key: the prime is to make another. */
export function needsRotation({ meshKey, members }: ClusterState): boolean {
  return meshKey !== undefined && [...meshKey.sealed.keys()].some((peer) => !members.has(peer));
}
