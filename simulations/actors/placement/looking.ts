/** What is seen of placement: what a region holds, and where everything is once nothing breaks any more. */
import type { Life } from "../host.ts";
import type { World } from "../world.ts";

/** After each event that the host took part in. */
export function lookAtRegion(world: World, life: Life): void {
  const { placement } = world;
  const holds = placement.unsettled.get(life) ?? 0;
  const { maxHeld, maxUnderWay } = placement.plan.limits;
  if (holds <= maxHeld + maxUnderWay) return;
  const depth = life.system?.inspect().find(({ path }) => path === "/entities")?.mailboxDepth ?? 0;
  world.see({ type: "region", host: life.name, holds, max: maxHeld + maxUnderWay + depth });
}

/** Before anybody is written to: who is awake now was woken, and not by a message. */
export function lookAtPlacement(world: World): void {
  const { stays, plan } = world.placement;
  // Who has had no message for long enough may be asleep.
  const asleep = plan.passivateAfterMs === undefined ? stays.asleep() : [];
  world.see({ type: "placement-healed", asleep, orphans: orphans(world) });
}

/** Shards that no region of a living host owns. */
function orphans(world: World): readonly string[] {
  const owners = shares(world);
  return world.consensus.rows.flatMap(({ owner = "nobody", epoch }, shard) =>
    owners.has(owner) ? [] : [`shard ${shard} is owned by ${owner} in epoch ${epoch}`],
  );
}

/** How many shards each living region owns. */
export function shares(world: World): ReadonlyMap<string, number> {
  const regions = world.up().flatMap(({ placed }) => (placed === undefined ? [] : [placed.sharding.region.address]));
  const { rows } = world.consensus;
  return new Map(regions.map((region) => [region, rows.filter(({ owner }) => owner === region).length]));
}
