/** Which entities live in a shard, remembered beyond all hosts: behind a fence, slow, and at times out of reach. */
import type { EntityMemory, Fence, Stamp } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import { MS, type Micros, type Timeline } from "../../kit/timeline.ts";
import type { Life } from "../host.ts";
import type { Library } from "../library.ts";

/** Until somebody who cannot reach it gives up. */
const OUT_OF_REACH: Micros = 300 * MS;

export interface MemoryWorld {
  readonly library: Library;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly isCutOff: (host: string) => boolean;
  /** Whether it fails now and then. */
  readonly isTroubled: () => boolean;
}

interface Operation {
  readonly life: Life;
  readonly stamp: Stamp;
  readonly signal: AbortSignal;
}

export class SharedMemory {
  readonly #world: MemoryWorld;
  readonly #fence: Fence;
  readonly #shards = new Map<string, Set<string>>();
  /** What one life asks for takes effect in that order. */
  readonly #latest = new WeakMap<Life, Micros>();

  constructor(world: MemoryWorld) {
    this.#world = world;
    this.#fence = new world.library.actors.Fence();
  }

  of(life: Life): EntityMemory {
    return {
      load: (stamp, { signal }) => this.#act({ life, stamp, signal }, (entities) => [...entities]),
      add: (stamp, entity, { signal }) => this.#act({ life, stamp, signal }, (all) => void all.add(entity)),
      remove: (stamp, entity, { signal }) => this.#act({ life, stamp, signal }, (all) => void all.delete(entity)),
    };
  }

  #act<Result>(operation: Operation, then: (entities: Set<string>) => Result): Promise<Result> {
    const { timeline, library } = this.#world;
    const { life, signal } = operation;
    return new Promise((resolve, reject) => {
      const cancelled = (): void => reject(new library.actors.ActorError("cancelled", "nobody waits any more"));
      if (signal.aborted) return cancelled();
      signal.addEventListener("abort", cancelled, { once: true });
      const at = Math.max(timeline.now + this.#delay(), this.#latest.get(life) ?? 0);
      this.#latest.set(life, at);
      timeline.after(at - timeline.now, () => {
        const result = this.#result(operation, then);
        const delay = result.isReached ? this.#delay() : OUT_OF_REACH;
        timeline.after(delay, () =>
          life.run(() => {
            signal.removeEventListener("abort", cancelled);
            if (result.error === undefined) resolve(result.value);
            else reject(result.error);
          }),
        );
      });
    });
  }

  #result<Result>(
    { life, stamp }: Operation,
    then: (entities: Set<string>) => Result,
  ):
    | { readonly isReached: true; readonly error: undefined; readonly value: Result }
    | { readonly isReached: boolean; readonly error: Error } {
    const { library, random, isCutOff, isTroubled } = this.#world;
    const failed = (): Error => new library.actors.ActorError("ask-timeout", "the memory did not answer");
    if (isCutOff(life.host.name)) return { isReached: false, error: failed() };
    if (isTroubled() && random.chance(0.15)) return { isReached: true, error: failed() };
    const refusal = this.#fence.admit(stamp);
    if (refusal !== undefined) return { isReached: true, error: refusal };
    const entities = this.#shards.get(stamp.scope) ?? new Set();
    this.#shards.set(stamp.scope, entities);
    const value = then(entities);
    // Done, and nobody knows.
    if (isTroubled() && random.chance(0.05)) return { isReached: true, error: failed() };
    return { isReached: true, error: undefined, value };
  }

  #delay(): Micros {
    const { random, isTroubled } = this.#world;
    return (isTroubled() ? random.oneOf(1, 50, 400) : 3) * random.next() * MS;
  }
}
