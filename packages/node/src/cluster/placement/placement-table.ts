/** The replicated table of one kind of entities. */
import { emptyPlacement, type PlacementTable } from "@parley/actors";
import type { SharedState } from "../consensus/shared-state.ts";
import { refusalOf, unlessCancelled } from "./outcomes.ts";

export interface PlacementTableOptions {
  /** Of the entities: the name that their sharding was started with. */
  readonly kind: string;
  /** The same on every host, and for ever. */
  readonly shards: number;
  /** After which nobody knows what became of a change. Default 5,000. */
  readonly timeoutMs?: number;
}

/** @throws ActorError `bad-option` for a number of shards that cannot be */
export function placementTableOf(
  shared: SharedState,
  { kind, shards, timeoutMs = 5_000 }: PlacementTableOptions,
): PlacementTable {
  const none = emptyPlacement(shards);
  return {
    read: () => shared.now.tables.get(kind) ?? none,
    propose: async (change, { signal }) => {
      const run = async () => {
        if (!shared.now.tables.has(kind)) {
          const refusal = refusalOf(await shared.submit({ type: "open-table", kind, shards }, { timeoutMs }));
          if (refusal !== undefined) return refusal;
        }
        return refusalOf(await shared.submit({ type: "place", kind, ...change }, { timeoutMs }));
      };
      return unlessCancelled(run(), signal);
    },
    watch: (changed) => shared.watch(({ tables }) => tables.get(kind), changed),
  };
}
