/** Sharded entities and a singleton, which write to a sink that asks a fence. */
import type { ActorSystem } from "@parley/actors";
import type { Life } from "./host.ts";
import { acceptsLedgerMessages, troubles } from "./ledger.ts";
import type { LedgerMessage, Placed } from "./messages.ts";
import { openChief } from "./placement/chief.ts";
import { openEntities } from "./placement/entities.ts";
import type { World } from "./world.ts";

export function openPlaced(world: World, life: Life, system: ActorSystem): Placed {
  const { actors } = world.library;
  const { consensus } = world;
  const host = life.host.name;
  const accepts = acceptsLedgerMessages(world);
  const trouble = troubles(world, life, "placed");
  const leadership = consensus.leadershipOf(host, life.run);
  const members = consensus.membership.of(host, life.run);
  const ports = { leadership, members, accepts };
  const sharding = openEntities(
    world,
    life,
    (options) => actors.startSharding<LedgerMessage>(system, options),
    trouble,
    { ...ports, table: consensus.tableOf(host, life.run) },
  );
  const chief = openChief(world, life, (options) => actors.startSingleton(system, options), trouble, ports);
  return { sharding, chief };
}
