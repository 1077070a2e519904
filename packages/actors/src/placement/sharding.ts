/**
 * Entities of one kind, spread over the hosts: each lives on one host at a time, which a replicated table says, and is found
 * from everywhere by its id. It starts with its first message, sleeps when nobody writes to it, and moves when hosts come and go.
 */
import type { SpawnOptions } from "../core/behavior.ts";
import type { ActorRef, WaitOptions } from "../core/ref.ts";
import type { ActorSystem } from "../core/system-options.ts";
import { ActorError } from "../errors.ts";
import type { CoordinationLimits } from "./coordination.ts";
import { acceptsRegister, coordinator, type Register } from "./coordinator.ts";
import { Departure, type Drained } from "./departure.ts";
import { type EntityBehavior, type EntityRef, entityRef } from "./entity.ts";
import type { OwnerLimits } from "./owner.ts";
import type { EntityMemory, Leadership, Members, PlacementTable } from "./ports.ts";
import { Region } from "./region.ts";
import { askBeyond } from "./refusal.ts";
import { isEntityName, type OwnRegionMessage, type RegionMessage, regionMessages } from "./region-protocol.ts";
import type { RouterLimits } from "./router.ts";
import type { ShardingSettings } from "./sharding-settings.ts";
import { shardOf } from "./shards.ts";
import { type SingletonSend, startSingleton } from "./singleton.ts";

export interface ShardingOptions<Message> {
  /** Of the kind: of its regions, `/name`, and of the scopes of its stamps, `name/shard`. */
  readonly name: string;
  readonly behavior: EntityBehavior<Message>;
  readonly spawn?: Omit<SpawnOptions<Message>, "name" | "accepts" | "restart">;
  /** Looks at messages that come from other hosts: gives them back, or throws. */
  readonly accepts: (message: unknown) => Message;
  /** Where entities live. As many shards as it has rows. */
  readonly table: PlacementTable;
  readonly leadership: Leadership;
  readonly members: Members;
  /** Default: none, entities start with their first message only. With one, put to sleep only who need not be woken. */
  readonly memory?: EntityMemory;
  /**
   * Whether moving the entity now would disturb somebody: then its shard stays with this host as long as nothing but balance asks for
   * it. Default: never.
   */
  readonly isBusy?: (entity: string) => boolean;
  /** Without a message for so long, an entity is put to sleep. Default: never. */
  readonly passivateAfterMs?: number;
  readonly limits?: Partial<CoordinationLimits & RouterLimits & OwnerLimits>;
  /** How long a message may take where its sender does not say. Default 5,000. */
  readonly deliveryTimeoutMs?: number;
  /** How often a region comes forward at the coordinator. Default 500. */
  readonly registerEveryMs?: number;
}

/** One host's part in it. */
export interface Sharding<Message> {
  readonly region: ActorRef<RegionMessage<Message>>;
  /** The coordinator's manager on this host. */
  readonly coordinator: ActorRef<SingletonSend<Register>>;
  /** @throws ActorError `bad-option` */
  entity(id: string): EntityRef<Message>;
  /**
   * Whether an entity of this id would live on this host, as far as the table here says, which may be behind: for whoever is free
   * to choose an id and wants it near.
   */
  isOwn(id: string): boolean;
  /** Whether it is agreed on who has the entity of this id, as far as the table here says. */
  isPlaced(id: string): boolean;
  /**
   * Leaves on purpose, before the system is stopped: every shard goes to another host, a few at a time, with the messages that
   * wait for its entities, and none comes here any more until {@link stay}. What is sent from here still finds its way. Fulfilled when nothing is left here; hosts that have not heard of it yet may still tell something to this one, which
   * passes it on while its system runs: what is `tell`ed in that moment is lost if the system is stopped at once, what is
   * offered is sent again. Default timeout: 30,000. Rejects with ActorError `unsupported` when there is no
   * other host to take over, `ask-timeout`, `cancelled`, `actor-stopped`; what has not moved then moves later, or when the system
   * has stopped.
   */
  drain(options?: WaitOptions): Promise<void>;
  /** Stays after all, whether it had left or not: shards come here again. Who waits in {@link drain} is told `cancelled`. */
  stay(): void;
}

const LOOK_EVERY_MS = 100;
const DRAIN_TIMEOUT_MS = 30_000;
/** Beside what is under way: what comes from other regions, and the region's own business. */
const MAILBOX = { capacity: 10_000 };

/** Starts this host's region, `/name`, and its manager of the coordinator, `/name-coordinator`. @throws ActorError `name-taken`, `bad-option` */
export function startSharding<Message>(system: ActorSystem, options: ShardingOptions<Message>): Sharding<Message> {
  const { name, table, leadership, members, limits, accepts } = options;
  const manager = startSingleton<Register>(system, {
    name: `${name}-coordinator`,
    leadership,
    members,
    behavior: (term) => coordinator(term, { table, limits, resolve: (address) => system.resolve(address) }),
    accepts: acceptsRegister,
  });
  const settings = settingsOf(options, manager);
  const region = system.spawn<RegionMessage<Message> | OwnRegionMessage>(
    (context) => new Region(context, system, settings),
    {
      name,
      restart: "permanent",
      accepts: regionMessages(name, accepts),
      mailbox: MAILBOX,
      // An entity that keeps crashing is its own affair: the pauses grow, and the others live on.
      supervision: { maxRestarts: Infinity },
    },
  );
  return {
    region,
    coordinator: manager,
    entity: (id) => {
      if (isEntityName(id)) return entityRef<Message>(region, id);
      throw new ActorError("bad-option", "an entity's id has from 1 to 256 characters");
    },
    isOwn: (id) => {
      const { rows } = table.read();
      return !settings.departure.isLeaving && rows[shardOf(id, rows.length)]?.owner === region.address;
    },
    isPlaced: (id) => {
      const { rows } = table.read();
      return rows[shardOf(id, rows.length)]?.owner !== undefined;
    },
    drain: async (drainOptions) => {
      const timeoutMs = drainOptions?.timeoutMs ?? DRAIN_TIMEOUT_MS;
      const wait = { ...drainOptions, timeoutMs };
      await askBeyond<OwnRegionMessage, Drained>(region, (replyTo) => ({ type: "own-drain", replyTo }), wait);
    },
    stay: () => void system.resolve<OwnRegionMessage>(region.address).tell({ type: "own-stay" }),
  };
}

function settingsOf<Message>(
  options: ShardingOptions<Message>,
  manager: ActorRef<SingletonSend<Register>>,
): ShardingSettings<Message> {
  const { passivateAfterMs = Infinity, limits = {} } = options;
  const { maxHeld = 1_000, maxUnderWay = 1_000, retryMs = 200 } = limits;
  const { maxEntities = 100_000, maxWaiting = 100, maxEarly = 1_000, maxOutcomes = 10_000 } = limits;
  return {
    name: options.name,
    shards: options.table.read().rows.length,
    behavior: options.behavior,
    spawn: options.spawn,
    table: options.table,
    leadership: options.leadership,
    memory: options.memory,
    isBusy: options.isBusy,
    coordinator: manager,
    departure: new Departure(),
    router: { maxHeld, maxUnderWay, retryMs },
    owner: { maxEntities, maxWaiting, maxEarly, passivateAfterMs, maxOutcomes },
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 5_000,
    registerEveryMs: options.registerEveryMs ?? 500,
    lookEveryMs: LOOK_EVERY_MS,
  };
}
