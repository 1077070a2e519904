/** One host in a process of its own: a receptionist, a scribe, sharded entities, and a singleton, the clerk. */
import {
  type ActorRef,
  type ActorSystem,
  askBeyond,
  isActorError,
  type Listing,
  type Members,
  parseAddress,
  type ReceptionistMessage,
  type Sharding,
  type SingletonSend,
  startReceptionist,
  startSharding,
  startSingleton,
} from "../../../src/index.ts";
import type { FarPorts } from "./far-ports.ts";
import type { Order } from "./talk.ts";

type EntityMessage =
  { readonly type: "add"; readonly n: number } | { readonly type: "where"; readonly replyTo: ActorRef<string> };
interface ClerkMessage {
  readonly n: number;
  readonly replyTo: ActorRef<string>;
}

/** Far above anything that happens: nothing here is about time. */
const PATIENCE = { timeoutMs: 45_000 };

export class PlacedHost {
  readonly #system: ActorSystem;
  readonly #ports: FarPorts;
  readonly #sharding: Sharding<EntityMessage>;
  readonly #clerk: ActorRef<SingletonSend<ClerkMessage>>;
  readonly #receptionist: ActorRef<ReceptionistMessage>;

  constructor(system: ActorSystem, ports: FarPorts, peers: readonly string[]) {
    this.#system = system;
    this.#ports = ports;
    const members: Members = { current: () => peers, watch: () => () => undefined };
    this.#receptionist = startReceptionist(system, { members, gossipEveryMs: 100 });
    const scribe = system.spawn<number>((context) => (n) => ports.note(n, system.peer, context.signal), {
      name: "scribe",
      accepts: Number,
    });
    this.#receptionist.tell({ type: "register", key: "scribe", capabilities: {}, ref: scribe });
    this.#sharding = this.#openSharding(members);
    this.#clerk = this.#openClerk(members);
  }

  do(order: Order): Promise<unknown> {
    switch (order.type) {
      case "offer":
        return this.#sharding.entity(order.entity).offer({ type: "add", n: order.n }, PATIENCE);
      case "where":
        return this.#sharding.entity(order.entity).ask<string>((replyTo) => ({ type: "where", replyTo }), PATIENCE);
      case "clerk":
        return askBeyond<SingletonSend<ClerkMessage>, string>(
          this.#clerk,
          (replyTo) => ({ type: "send", message: { n: order.n, replyTo }, refusedTo: replyTo }),
          // It is told at most once: a test asks again.
          { timeoutMs: 5_000 },
        );
      case "scribes":
        return this.#scribes();
      case "note":
        return this.#system
          .resolve<number>(`parley://${order.at}/scribe`)
          .offer(order.n, { ...PATIENCE, acknowledged: true });
      case "drain":
        return this.#sharding.drain(PATIENCE);
      case "stop":
        return this.#system.stop();
    }
  }

  #openSharding(members: Members): Sharding<EntityMessage> {
    const { leadership, table, memory } = this.#ports;
    return startSharding<EntityMessage>(this.#system, {
      name: "session",
      leadership,
      table,
      members,
      memory,
      accepts: (message) => message as EntityMessage,
      behavior: (stay) => async (context) => {
        const write = (what: number | "awake"): Promise<void> =>
          this.#ports.write({ stamp: stay.stamp(), who: stay.id, what, by: this.#system.peer }, context.signal);
        await write("awake");
        return async (message) => {
          if (message.type === "add") await write(message.n);
          else message.replyTo.tell(this.#system.peer);
        };
      },
    });
  }

  #openClerk(members: Members): ActorRef<SingletonSend<ClerkMessage>> {
    const { leadership } = this.#ports;
    const { peer } = this.#system;
    return startSingleton<ClerkMessage>(this.#system, {
      name: "clerk",
      leadership,
      members,
      accepts: (message) => message as ClerkMessage,
      behavior: (term) => (context) => {
        return async ({ n, replyTo }) => {
          try {
            await this.#ports.write({ stamp: term.stamp(), who: "clerk", what: n, by: peer }, context.signal);
            replyTo.tell(`${peer}@${term.term}`);
          } catch (error) {
            if (!isActorError(error, "stale-term")) throw error;
            replyTo.tell(`${peer}: ${error.code}`);
          }
        };
      },
    });
  }

  async #scribes(): Promise<readonly string[]> {
    const { services } = await this.#receptionist.ask<Listing>(
      (replyTo) => ({ type: "find", query: { key: "scribe" }, replyTo }),
      PATIENCE,
    );
    return services.map(({ ref }) => parseAddress(ref.address).peer);
  }
}
