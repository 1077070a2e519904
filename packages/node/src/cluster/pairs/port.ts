/**
 * What the house has written down: values under keys, the same at every peer. Clients, mail for those who are away, threads.
 * Who needs a part of it takes a prefix of its own, such as `client/`.
 */

/** A value, and which write it came with: it rises with each. */
export interface WrittenPair {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** What became of a change: its revision (0 for what is gone), or `conflict`, when the key had another revision than was expected. */
export type PairWrite =
  | { readonly outcome: "written"; readonly revision: number }
  | { readonly outcome: "conflict"; readonly detail: string };

/** Where a change must begin from; anything when absent. */
export interface PairCondition {
  /** 0: the key is absent. */
  readonly revision?: number;
}

/** The pairs of a house, or of a peer that belongs to none. */
export interface Pairs {
  /** As far as it is known here. */
  get(key: string): WrittenPair | undefined;
  /** Those whose keys begin with `prefix`, in the order of their keys, as far as it is known here. */
  range(prefix: string): Iterable<readonly [key: string, pair: WrittenPair]>;
  /**
   * Writes; durable, and to be seen here, when it settles.
   * @throws PeerError `no-quorum` when the cluster cannot agree now, or nobody knows whether it has; `not-member`;
   *   `usage` for a key or value that is too long, or when there are too many; `disk-full`, `home-unusable`
   */
  put(key: string, value: Uint8Array, condition?: PairCondition): Promise<PairWrite>;
  /** Takes away; done as well when there was none. @throws as {@link put} */
  delete(key: string, condition?: PairCondition): Promise<PairWrite>;
  /** Calls `changed` after anything below `prefix` may have changed, not from within; must not throw. The result ends that. */
  watch(prefix: string, changed: () => void): () => void;
}
