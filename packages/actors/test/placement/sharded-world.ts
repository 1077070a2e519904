/** Hosts with sharded entities that write to a fenced store. */
import {
  type ActorRef,
  type EntityStay,
  Fence,
  type Sharding,
  type ShardingOptions,
  type Stamp,
  startSharding,
} from "../../src/index.ts";
import { Gate } from "../core/support.ts";
import { Cluster } from "./cluster.ts";

export type Message =
  | { readonly type: "add"; readonly n: number }
  | { readonly type: "where"; readonly replyTo: ActorRef<string> }
  | { readonly type: "hang" }
  | { readonly type: "crash" }
  | { readonly type: "sleep" };

interface Written {
  readonly entity: string;
  readonly n: number;
  readonly stamp: Stamp;
  readonly peer: string;
}

/** What all entities write to: it asks the fence in the same step. */
class Store {
  readonly fence = new Fence();
  readonly written: Written[] = [];
  readonly refused: string[] = [];

  write(entry: Written): void {
    const refusal = this.fence.admit(entry.stamp);
    if (refusal === undefined) this.written.push(entry);
    else {
      this.refused.push(refusal.code);
      throw refusal;
    }
  }

  of(entity: string): readonly number[] {
    return this.written.filter((each) => each.entity === entity).map(({ n }) => n);
  }
}

interface Life {
  readonly peer: string;
  readonly stay: EntityStay;
  isOver: boolean;
}

export async function shardedWorld(
  peers = ["a", "b", "c"],
  options: Partial<ShardingOptions<Message>> & { readonly seed?: number } = {},
) {
  const cluster = new Cluster(peers, { shards: 8, seed: options.seed ?? 1 });
  await cluster.up();
  const store = new Store();
  const lives: Life[] = [];
  const hang = new Gate();
  const shardings = new Map<string, Sharding<Message>>();
  const open = (peer: string): void => {
    const sharding = startSharding<Message>(cluster.host(peer).system, {
      name: "session",
      table: cluster.placement.tableOf(peer),
      leadership: cluster.placement.leadershipOf(peer),
      members: cluster.placement.members(),
      accepts: (message) => message as Message,
      behavior: (stay) => () => {
        const life = { peer, stay, isOver: false };
        lives.push(life);
        return {
          receive: async (message) => {
            if (message.type === "add") store.write({ entity: stay.id, n: message.n, stamp: stay.stamp(), peer });
            if (message.type === "where") message.replyTo.tell(`${peer}/${stay.epoch}`);
            if (message.type === "hang") await hang.wait();
            if (message.type === "crash") throw new Error("no");
            if (message.type === "sleep") stay.passivate();
          },
          onStop: () => {
            life.isOver = true;
          },
        };
      },
      ...options,
    });
    shardings.set(peer, sharding);
  };
  for (const peer of peers) open(peer);
  const at = (peer: string): Sharding<Message> => {
    const sharding = shardings.get(peer);
    if (sharding === undefined) throw new Error(peer);
    return sharding;
  };
  const where = (peer: string, id: string): Promise<string> =>
    cluster.clock.until(
      at(peer)
        .entity(id)
        .ask<string>((replyTo) => ({ type: "where", replyTo })),
    );
  const add = (peer: string, id: string, n: number, timeoutMs?: number): Promise<void> =>
    at(peer).entity(id).offer({ type: "add", n }, { timeoutMs });
  const owners = (): readonly string[] =>
    cluster.placement.table.rows.map(({ owner }) => owner?.replace(/^parley:\/\/(\w+)\/.*/, "$1") ?? "nobody");
  const counts = (): Record<string, number> =>
    Object.fromEntries(peers.map((peer) => [peer, owners().filter((owner) => owner === peer).length]));
  return {
    cluster,
    store,
    lives,
    hang,
    at,
    open,
    where,
    add,
    owners,
    counts,
  };
}
