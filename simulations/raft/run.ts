/** One seed, from founding to healed. */
import { runWorld, type SeedRun } from "../kit/seed-run.ts";
import type { RunSeedOptions } from "../kit/simulation.ts";
import { unleash } from "./chaos.ts";
import { healAndExpectProgress } from "./heal.ts";
import { SHIPPED, type Library } from "./library.ts";
import { planOf, type Fault } from "./plan.ts";
import { World } from "./world.ts";

export interface Run extends SeedRun<Fault> {
  /** Whether so many logs were in doubt in the end that nobody could be elected. */
  readonly isStranded: boolean;
  /** How much was committed, and how many configurations there were: a run in which nothing happens shows nothing. */
  readonly committed: number;
  readonly configurations: number;
}

export async function runSeed(
  seed: number,
  { library = SHIPPED, only, trace }: RunSeedOptions<Library, Fault> = {},
): Promise<Run> {
  const plan = planOf(seed, only);
  let isStranded = false;
  const { world, ...run } = await runWorld(
    { seed, faults: plan.faults },
    () => new World(library, plan, trace),
    async (made) => {
      unleash(made);
      await made.runUntil(plan.safetyPhase);
      isStranded = !(await healAndExpectProgress(made));
    },
  );
  const { committed = [], configurations = [] } = world?.chronicle ?? {};
  return { ...run, isStranded, committed: committed.length, configurations: configurations.length };
}
