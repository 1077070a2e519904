/** Actors that end, and who watches them. */
import type { ActorSystem } from "@parley/actors";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

export interface Mortal {
  readonly address: string;
  readonly life: Life;
  hasEnded: boolean;
}

interface Watch {
  readonly id: number;
  readonly watcher: Life;
  readonly of: Mortal;
  isOver: boolean;
}

/** So many are remembered as targets. */
const REMEMBERED = 40;

export class Mortals {
  readonly #all: Mortal[] = [];
  readonly #watches: Watch[] = [];

  get known(): readonly Mortal[] {
    return this.#all.slice(-REMEMBERED);
  }

  add(address: string, life: Life): Mortal {
    const mortal = { address, life, hasEnded: false };
    this.#all.push(mortal);
    return mortal;
  }

  watch(watcher: Life, of: Mortal): Watch {
    const watch = { id: this.#watches.length, watcher, of, isOver: false };
    this.#watches.push(watch);
    return watch;
  }

  hostEnded(life: Life): void {
    for (const mortal of this.#all) if (mortal.life === life) mortal.hasEnded = true;
  }

  /** Watchers that live, and were not told of an end. */
  untold(): readonly string[] {
    return this.#watches
      .filter(({ watcher, of, isOver }) => !isOver && of.hasEnded && !watcher.isOver && !watcher.isStopping)
      .map(({ watcher, of }) => `${watcher.name} of the end of ${of.address}`);
  }
}

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
