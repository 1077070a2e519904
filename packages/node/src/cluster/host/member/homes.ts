/**
 * Where each client is at home: an entity per client, spread over the members by the hash of the client's id and moved when they
 * come and go. Whatever peer a client has reached can ask which one keeps its affairs.
 */
import {
  messageKinds,
  startSharding,
  type ActorRef,
  type ActorSystem,
  type Members,
  type Sharding,
} from "@parley/actors";
import type { SharedState } from "../../consensus/shared-state.ts";
import { placementTableOf } from "../../placement/placement-table.ts";
import { replyToOf } from "./ref.ts";

/** Their kind; also the name of the placement table. */
export const HOMES = "homes";
/** For ever: a client's shard is the hash of its id by this number. */
const SHARDS = 32;
const PASSIVATE_AFTER_MS = 10 * 60_000;

export interface HomeQuery {
  readonly type: "where";
  readonly replyTo: ActorRef<HomeAnswer>;
}

export interface HomeAnswer {
  readonly client: string;
  /** The peer where it is at home. */
  readonly peer: string;
  /** Counts the moves of its shard. */
  readonly epoch: number;
}

export function startHomes(
  system: ActorSystem,
  { shared, members }: { readonly shared: SharedState; readonly members: Members },
): Sharding<HomeQuery> {
  return startSharding<HomeQuery>(system, {
    name: HOMES,
    table: placementTableOf(shared, { kind: HOMES, shards: SHARDS }),
    leadership: shared.consensus.leadership,
    members,
    passivateAfterMs: PASSIVATE_AFTER_MS,
    accepts: messageKinds<HomeQuery>(HOMES, {
      where: (message) => ({ type: "where", replyTo: replyToOf(message) }),
    }),
    behavior:
      ({ id, epoch }) =>
      () =>
      ({ replyTo }) =>
        void replyTo.tell({ client: id, peer: system.peer, epoch }),
  });
}
