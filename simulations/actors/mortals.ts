/** Actors that end, and who watches them. */
import type { Life } from "./host.ts";

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
