/** Actors that end, as hosts start and watch them. */
import type { ActorSystem } from "@parley/actors";
import type { Life } from "./host.ts";
import type { Mortal } from "./mortals.ts";
import type { World } from "./world.ts";

/** Has `life` watch an actor; gives back how to stop that. */
export function watchEnd(world: World, life: Life, system: ActorSystem, of: Mortal): () => void {
  const watch = world.mortals.watch(life, of);
  world.note("watch", life.name, of.address);
  const unwatch = system.watch(system.resolve(of.address), ({ reason }) => {
    world.note("end-told", life.name, of.address, reason);
    watch.isOver = true;
    world.see({ type: "end-told", watch: watch.id, of: of.address, reason, hasEnded: of.hasEnded });
  });
  return () => {
    watch.isOver = true;
    unwatch();
  };
}

/** Starts an actor that lives for a while, and then stops or crashes. */
export function bearMortal(
  world: World,
  life: Life,
  system: ActorSystem,
  lifetimeMs: number,
  crashes: boolean,
): Mortal {
  const ref = system.spawn<"end">(
    (context) => ({
      receive: () => {
        if (!crashes) return context.stop();
        mortal.hasEnded = true;
        throw new Error("an end that was drawn");
      },
      onStop: () => {
        mortal.hasEnded = true;
      },
    }),
    { restart: "temporary" },
  );
  const mortal = world.mortals.add(ref.address, life);
  world.note("born", life.name, ref.address);
  life.clock.after(lifetimeMs, () => ref.tell("end"));
  return mortal;
}
