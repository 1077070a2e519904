/** Faults as they happen: each kind draws its times and victims from a stream of its own. */
import { Random } from "./random.ts";
import type { Micros, Timeline } from "./timeline.ts";

/** One kind of fault. */
export interface Act<World, Fault extends string> {
  readonly fault: Fault;
  /** Mean time between two of them at intensity 1. */
  readonly every: Micros;
  readonly act: (world: World, random: Random) => void;
}

/** What faults need of the world in which they happen. */
export interface Stage<Fault extends string> {
  readonly plan: { readonly seed: number; readonly faults: ReadonlySet<Fault>; readonly intensity: number };
  readonly timeline: Timeline;
  readonly isHealed: boolean;
}

/** Gaps between two faults of a kind, of mean 1. */
export type Gaps = (random: Random) => number;

/** Exponential, bounded so that none takes the whole run. */
export const exponential: Gaps = (random) => Math.min(-Math.log(1 - random.next()), 4);

export const uniform: Gaps = (random) => 2 * random.next();

/** Sets the faults of the world's plan going; they end when the world is healed. @param stream names their random streams */
export function unleash<World extends Stage<Fault>, Fault extends string>(
  world: World,
  acts: readonly Act<World, Fault>[],
  { stream, gaps }: { readonly stream: string; readonly gaps: Gaps },
): void {
  const { plan, timeline } = world;
  for (const { fault, every, act } of acts) {
    if (!plan.faults.has(fault)) continue;
    const random = new Random(plan.seed, `${stream}/${fault}`);
    const again = (): void => {
      timeline.after(gaps(random) * (every / plan.intensity), () => {
        if (world.isHealed) return;
        act(world, random);
        again();
      });
    };
    again();
  }
}
