/** A program's own actors, below `parley://PEER/app`: in each membership of the peer anew. */
import type { ActorRef, ActorSystem } from "@parley/actors";
import type { Cluster } from "../cluster/face.ts";
import { inEachMembership } from "../cluster/memberships.ts";
import type { AppActor } from "./extension.ts";

const APP = "app";
/** One that crashes at every start is tried for ever, ever more slowly: it is no reason to end another, nor the peer. */
const SUPERVISION = {
  strategy: "one-for-one",
  maxRestarts: Infinity,
  backOff: { minMs: 50, maxMs: 30_000, factor: 2, jitter: 0.2 },
} as const;

/** Spawns them in whatever cluster the peer belongs to, until the result is called. */
export function growActors(
  actors: Readonly<Record<string, AppActor>>,
  cluster: Pick<Cluster, "actors" | "onChange">,
): () => void {
  if (Object.keys(actors).length === 0) return () => undefined;
  return inEachMembership(cluster, (system) => grow(system, actors));
}

function grow(system: ActorSystem, actors: Readonly<Record<string, AppActor>>): () => void {
  const root: ActorRef<never> = system.spawn<never>(
    (context) => {
      for (const [name, { spawn }] of Object.entries(actors)) {
        spawn((behavior, options) => void context.spawn(behavior, options), name);
      }
      return () => undefined;
    },
    { name: APP, restart: "permanent", supervision: SUPERVISION },
  );
  return () => {
    // A system that has stopped has taken it along.
    void system.stopActor(root).catch(() => undefined);
  };
}
