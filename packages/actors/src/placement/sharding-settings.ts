/** What a region is told at its start. */
import type { SpawnOptions } from "../core/behavior.ts";
import type { ActorRef } from "../core/ref.ts";
import type { Register } from "./coordinator.ts";
import type { Departure } from "./departure.ts";
import type { EntityBehavior } from "./entity.ts";
import type { OwnerLimits } from "./owner.ts";
import type { EntityMemory, Leadership, PlacementTable } from "./ports.ts";
import type { RouterLimits } from "./router.ts";
import type { SingletonSend } from "./singleton.ts";

/** `ShardingOptions` with nothing left open. */
export interface ShardingSettings<Message> {
  readonly name: string;
  readonly shards: number;
  readonly behavior: EntityBehavior<Message>;
  readonly spawn: SpawnOptions<Message> | undefined;
  readonly table: PlacementTable;
  readonly leadership: Leadership;
  readonly memory: EntityMemory | undefined;
  readonly isBusy: ((entity: string) => boolean) | undefined;
  readonly coordinator: ActorRef<SingletonSend<Register>>;
  readonly departure: Departure;
  readonly router: RouterLimits;
  readonly owner: OwnerLimits;
  readonly deliveryTimeoutMs: number;
  readonly registerEveryMs: number;
  readonly lookEveryMs: number;
}
