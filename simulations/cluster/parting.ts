/** Peers that leave, and peers that are thrown out. Some stay: a house of one or two shows little. */
import type { Random } from "../kit/random.ts";
import type { Life, Machine } from "./host.ts";
import type { World } from "./world.ts";

const MIN_STAYING = 2;

/** Of a cluster that has enough others. */
function leaver(world: World, random: Random): Life | undefined {
  const lives = world.up().filter(({ host }) => !host.isRetired);
  const life = random.pick(lives);
  const cluster = life?.cluster?.member?.roster.cluster;
  const others = lives.filter((other) => other !== life && other.cluster?.member?.roster.cluster === cluster);
  return cluster === undefined || others.length < MIN_STAYING ? undefined : life;
}

export function leave(world: World, random: Random): void {
  const life = leaver(world, random);
  if (life === undefined) return;
  life.host.isRetired = true;
  life.run(() => {
    const { face } = life;
    if (face === undefined) return;
    world.note("leave", life.name);
    face.leave().then(
      () => life.isOver || world.note("left", life.name),
      (error: unknown) => life.isOver || refused(world, life, error),
    );
  });
}

type Prepare = (target: Machine, then: () => void) => void;

/** @param prepare what happens before to the one that is thrown out */
export function revoke(world: World, random: Random, prepare: Prepare = (_, then) => then()): void {
  const target = leaver(world, random);
  const cluster = target?.cluster?.member?.roster.cluster;
  const by = random.pick(
    world.up().filter((life) => life !== target && life.cluster?.member?.roster.cluster === cluster),
  );
  if (target === undefined || by === undefined) return;
  target.host.isRetired = true;
  prepare(target.host, () => {
    by.run(() => {
      const { face } = by;
      if (face === undefined) return;
      world.note("revoke", by.name, target.host.name);
      face.revoke(target.host.peerId).then(
        () => by.isOver || world.note("revoked", target.host.name),
        (error: unknown) => by.isOver || refused(world, by, error),
      );
    });
  });
}

/** It says why; what it has come to is seen in the end. */
function refused(world: World, life: Life, error: unknown): void {
  if (world.library.isPeerError(error)) world.note("refused", life.name, error.code);
  else if (!life.mayFail) world.fail(error, life.name);
}
