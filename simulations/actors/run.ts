/** One seed, from its start to healed. */
import { runWorld, type SeedRun } from "../kit/seed-run.ts";
import type { RunSeedOptions } from "../kit/simulation.ts";
import { unleash } from "./chaos.ts";
import { healAndExpectProgress } from "./heal.ts";
import { begin, look } from "./life.ts";
import { SHIPPED, type Library } from "./library.ts";
import { planOf, type Fault } from "./plan.ts";
import { World } from "./world.ts";

export interface Run extends SeedRun<Fault> {
  /** Messages that handlers have finished with: a run in which nothing happens shows nothing. */
  readonly handled: number;
}

export async function runSeed(
  seed: number,
  { library = SHIPPED, only, trace }: RunSeedOptions<Library, Fault> = {},
): Promise<Run> {
  const plan = planOf(seed, only);
  const { world, ...run } = await runWorld(
    { seed, faults: plan.faults },
    () => new World(library, plan, { begin, look }, trace),
    async (made) => {
      unleash(made);
      await made.runUntil(plan.safetyPhase);
      await healAndExpectProgress(made);
    },
  );
  return { ...run, handled: world?.handled ?? 0 };
}
