/** A client that does something again and again, at times of its own. */
import { Random } from "../../kit/random.ts";
import { MS } from "../../kit/timeline.ts";
import type { World } from "../world.ts";

/** Until the world is healed. `act` hears how often it was called before, from 1 on. */
export function again(world: World, name: string, act: (random: Random, count: number) => void): void {
  const { plan, timeline } = world;
  const random = new Random(plan.seed, name);
  let count = 0;
  const next = (): void => {
    timeline.after(2 * plan.thinkTime * random.next() + MS, () => {
      if (world.isHealed) return;
      count += 1;
      act(random, count);
      next();
    });
  };
  next();
}
