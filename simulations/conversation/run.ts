/** One seed, from the first start to healed. */
import { withSimulatedProcesses } from "../kit/process.ts";
import { runWorld, type SeedRun } from "../kit/seed-run.ts";
import type { RunSeedOptions } from "../kit/simulation.ts";
import { SECOND } from "../kit/timeline.ts";
import { unleash } from "./chaos.ts";
import { configOf } from "./config.ts";
import { healAndExpectAnswers } from "./heal.ts";
import { SHIPPED, type Library } from "./library.ts";
import { Life } from "./machine.ts";
import { converse } from "./person.ts";
import type { Person } from "./somebody.ts";
import { planOf, type Fault } from "./plan.ts";
import { World } from "./world.ts";

export interface Run extends SeedRun<Fault> {
  /** A run in which nothing happens shows nothing. */
  readonly answered: number;
  /** Losses of a client's connection in the middle of an answer. */
  readonly goneOn: number;
}

/** Until it is agreed who has which sessions. */
const SETTLED = 4 * SECOND;

export async function runSeed(
  seed: number,
  { library = SHIPPED, only, trace }: RunSeedOptions<Library, Fault> = {},
): Promise<Run> {
  const plan = planOf(seed, only);
  const config = configOf(library);
  const { world, ...run } = await withSimulatedProcesses(
    () =>
      runWorld(
        { seed, faults: plan.faults },
        () => new World(library, plan, config, trace),
        async (made) => {
          await made.runUntil(SETTLED);
          for (const client of made.clients) {
            const life = new Life<Person>(client, {
              timeline: made.timeline,
              random: made.random.fork(`life/${client.name}`),
              failed: (error) => made.fail(error, client.name),
            });
            client.life = life;
            converse(made, life);
          }
          unleash(made);
          await made.runUntil(made.timeline.now + plan.safetyPhase);
          await healAndExpectAnswers(made);
        },
      ),
    { names: true },
  );
  return { ...run, answered: world?.answered ?? 0, goneOn: world?.goneOn ?? 0 };
}
