/** The pairs of the house that a peer belongs to now, or its own where it was told to belong to none. */
import { PeerError } from "../../errors.ts";
import type { Cluster } from "../face.ts";
import type { SharedState } from "../consensus/shared-state.ts";
import { ClusterPairs } from "./cluster-pairs.ts";
import type { PairCondition, Pairs, PairWrite, WrittenPair } from "./port.ts";

/** Follows its peer from one cluster to the next. While it belongs to none, there is nothing to read, and nobody to write for. */
export class HousePairs implements Pairs {
  readonly #cluster: Pick<Cluster, "belonging" | "shared" | "onChange">;
  readonly #alone: Pairs | undefined;
  #of: { readonly shared: SharedState; readonly pairs: ClusterPairs } | undefined;

  /** @param alone those of a peer whose clustering is off */
  constructor(cluster: Pick<Cluster, "belonging" | "shared" | "onChange">, alone: Pairs | undefined) {
    this.#cluster = cluster;
    this.#alone = alone;
  }

  get(key: string): WrittenPair | undefined {
    return this.#now()?.get(key);
  }

  range(prefix: string): Iterable<readonly [string, WrittenPair]> {
    return this.#now()?.range(prefix) ?? [];
  }

  async put(key: string, value: Uint8Array, condition?: PairCondition): Promise<PairWrite> {
    return this.#open().put(key, value, condition);
  }

  async delete(key: string, condition?: PairCondition): Promise<PairWrite> {
    return this.#open().delete(key, condition);
  }

  watch(prefix: string, changed: () => void): () => void {
    let now = this.#now();
    let stop = now?.watch(prefix, changed);
    const stopFollowing = this.#cluster.onChange(() => {
      const next = this.#now();
      if (next === now) return;
      stop?.();
      now = next;
      stop = now?.watch(prefix, changed);
      changed();
    });
    return () => {
      stopFollowing();
      stop?.();
    };
  }

  /** @throws PeerError `not-member` */
  #open(): Pairs {
    const now = this.#now();
    if (now !== undefined) return now;
    throw new PeerError("not-member", "this peer belongs to no house now that could write that down", {
      nextStep: "See what it waits for: parley status.",
    });
  }

  #now(): Pairs | undefined {
    const { belonging, shared } = this.#cluster;
    if (belonging === "off") return this.#alone;
    if (shared === undefined) return undefined;
    if (this.#of?.shared !== shared) this.#of = { shared, pairs: new ClusterPairs(shared) };
    return this.#of.pairs;
  }
}
