/** What a peer goes on with when it goes on alone: all that the old cluster held, as a new cluster of its own. */
import { makeMeshKey, type OpenMeshKey } from "../../../mesh/keys/mesh-key.ts";
import { Ordered } from "../../state/ordered.ts";
import type { ClusterState } from "../../state/model.ts";

/**
 * `cluster` is a new id: whoever belonged to the old one belongs to nothing here, and its mesh key, which the others know, gives
 * way to the next. Positions in the old log mean nothing in the new one: revisions begin anew, and so do the fences and tables
 * that hang on its terms. Undefined when `self` does not belong.
 */
export function aloneWith(
  state: ClusterState,
  self: string,
  { cluster, previousKey }: { readonly cluster: string; readonly previousKey: OpenMeshKey },
): ClusterState | undefined {
  const own = state.members.get(self);
  const record = state.records.get(self);
  const delivered = state.delivered.get(self);
  if (own === undefined) return undefined;
  const { record: key } = makeMeshKey(cluster, [{ peerId: self, sealingKey: own.sealingKey }], previousKey);
  return {
    ...state,
    id: cluster,
    index: 1,
    term: 1,
    members: Ordered.from([[self, own]]),
    records: record === undefined ? Ordered.empty() : Ordered.from([[self, record]]),
    // Signed by the key before, for the new cluster: its chain begins there.
    meshKey: { ...key, earlier: [], sealed: Ordered.from(Object.entries(key.sealed)) },
    // What it wrote down and has delivered stays delivered.
    delivered: delivered === undefined ? Ordered.empty() : Ordered.from([[self, delivered]]),
    pairs: Ordered.from([...state.pairs.range()].map(([name, { value }]) => [name, { value, revision: 1 }] as const)),
    tables: Ordered.empty(),
    entities: Ordered.empty(),
    fences: Ordered.empty(),
    // Their keys were in the memory of the old cluster's voters.
    journals: Ordered.empty(),
    journalBytes: 0,
  };
}
