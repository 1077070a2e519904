/** What a peer does with the actors of its cluster: a peer may leave one and join another, and each membership has actors of its own. */
import type { ActorSystem } from "@parley/actors";
import type { Cluster } from "./face.ts";

/**
 * Calls `enter` with the actors of each membership, now and later, and what it gave back when that membership, or all of this, is over.
 * The result ends it.
 */
export function inEachMembership(
  cluster: Pick<Cluster, "actors" | "onChange">,
  enter: (system: ActorSystem) => () => void,
): () => void {
  let system: ActorSystem | undefined;
  let leave: (() => void) | undefined;
  const look = (): void => {
    if (cluster.actors === system) return;
    leave?.();
    system = cluster.actors;
    leave = system === undefined ? undefined : enter(system);
  };
  const stop = cluster.onChange(look);
  look();
  return () => {
    stop();
    leave?.();
  };
}
