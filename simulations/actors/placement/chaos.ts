/** Hosts that leave, in order or not, and come back. */
import type { Random } from "../../kit/random.ts";
import { MS, type Micros } from "../../kit/timeline.ts";
import type { Life } from "../host.ts";
import type { World } from "../world.ts";

const STAY_AWAY_MS = 3_000;
const DRAIN_MS = 1_000;
/** Until everybody has heard of new owners. */
const NEWS: Micros = 300 * MS;

export function changeMembers(world: World, random: Random): void {
  const { membership } = world.consensus;
  const life = random.pick(world.up());
  const inOrder = random.chance(0.5);
  const awayMs = STAY_AWAY_MS * random.next();
  const lingersMs = 500 * random.next();
  if (life === undefined || membership.current.length < 2 || !membership.current.includes(life.host.name)) return;
  const { name } = life.host;
  world.note("leaves", name, inOrder);
  if (inOrder) drainAndStop(world, life, DRAIN_MS, () => leave(world, random, life));
  else {
    // It goes on for a while, and no new leader asks it for anything.
    leave(world, random, life);
    world.timeline.after(lingersMs * MS, () => world.kill(life));
  }
  world.timeline.after((lingersMs + awayMs) * MS, () => {
    if (!world.isHealed) join(world, name);
  });
}

/** It hands its shards over first, and stops when that is done, or cannot be. */
export function drainAndStop(world: World, life: Life, timeoutMs: number, ended: () => void): void {
  const stop = (): void => {
    if (!life.isOver) world.stop(life, ended);
  };
  world.note("drains", life.name);
  life.run(() => {
    // Others may not have heard of the new owners yet, and what they only tell one that is gone is lost.
    const linger = (): void => world.timeline.after(world.placement.isCalm ? NEWS : 0, stop);
    life.placed?.sharding.drain({ timeoutMs }).then(linger, (error: unknown) => {
      const isHarmless = world.library.actors.isActorError(error) && !world.placement.isCalm;
      if (!isHarmless) world.fail(error, `${life.name} drains`);
      stop();
    });
  });
}

function leave(world: World, random: Random, { host: { name } }: Life): void {
  if (world.isHealed) return;
  const { consensus } = world;
  consensus.membership.leave(name);
  if (consensus.leader === name) world.elect(random.pick(consensus.membership.current));
}

function join(world: World, name: string): void {
  world.note("joins", name);
  world.consensus.membership.join(name);
  const host = world.hosts.find((each) => each.name === name);
  if (host !== undefined) world.start(host);
}
