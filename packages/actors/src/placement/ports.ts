/** What placement needs from the cluster: who leads, who is a member, and where entities are to live. */
import type { ActorError } from "../errors.ts";
import type { PlacementChange, PlacementTableState } from "./table.ts";
import type { Stamp } from "./fence.ts";

/** Who leads, as far as this host knows. */
export interface LeadershipNow {
  /** A host's name; undefined while there is none. */
  readonly leader: string | undefined;
  /** No two leaders ever have the same. Never goes back. */
  readonly term: number;
}

/**
 * Comes from consensus; a host may hear of a change late, but hears of it. It is for one life of the host: it never says that
 * this host leads in a term that a former life of it has won. What ran in that term may have left things on the way that
 * nobody could tell from what would be started anew. (Raft keeps this by itself: who restarts is a follower, and leads
 * again in a new term only.)
 */
export interface Leadership {
  current(): LeadershipNow;
  /** Calls `changed` after each change, not from within this call; gives back how to stop that. */
  watch(changed: () => void): () => void;
}

/** The hosts that belong to the cluster, whether they can be reached or not. */
export interface Members {
  current(): readonly string[];
  watch(changed: () => void): () => void;
}

/**
 * The replicated table of one kind of entities. Whoever keeps it applies changes with `applyPlacement` in one order for
 * all hosts; a host may read late, but what it reads never goes back.
 */
export interface PlacementTable {
  read(): PlacementTableState;
  /**
   * Fulfilled when the change has been applied or refused, and {@link read} here shows it. Refused with ActorError
   * `stale-term` or `stale-epoch`; anything else means that nobody knows.
   */
  propose(change: PlacementChange, options: { readonly signal: AbortSignal }): Promise<ActorError | undefined>;
  watch(changed: () => void): () => void;
}

/**
 * Which entities live in a shard, so that a new owner can wake them: durable, and fenced by the stamp. Calls take effect in
 * the order they were made.
 */
export interface EntityMemory {
  load(stamp: Stamp, options: { readonly signal: AbortSignal }): Promise<readonly string[]>;
  add(stamp: Stamp, entity: string, options: { readonly signal: AbortSignal }): Promise<void>;
  remove(stamp: Stamp, entity: string, options: { readonly signal: AbortSignal }): Promise<void>;
}
