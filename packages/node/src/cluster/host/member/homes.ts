/**
 * Where each client is at home: an entity per client, spread over the members by the hash of the client's id and moved when they
 * come and go. Whatever peer a client has reached can ask which one keeps its affairs.
 */
import {
  isActorError,
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

const ASK_MS = 2_000;
const AGAIN_MS = 100;
const PATIENCE_MS = 15_000;

/** The peer where a client is at home. Asked again while homes move. @throws ActorError when nobody answers in time */
export async function homeOfClient(homes: Sharding<HomeQuery>, client: string): Promise<string> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const where = (replyTo: ActorRef<HomeAnswer>): HomeQuery => ({ type: "where", replyTo });
      return (await homes.entity(client).ask(where, { timeoutMs: ASK_MS })).peer;
    } catch (error) {
      // It was under way to a host that is gone: asking changes nothing, so it may be asked again.
      const isLost = isActorError(error) && (error.code === "peer-gone" || error.code === "ask-timeout");
      if (!isLost || performance.now() >= untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
