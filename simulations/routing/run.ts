/** One seed: a house, its work and its faults, looked at by all invariants. */
import { Digest } from "../kit/digest.ts";
import type { SeedRun } from "../kit/seed-run.ts";
import type { RunSeedOptions } from "../kit/simulation.ts";
import { Violation } from "../kit/violation.ts";
import { unleash } from "./chaos.ts";
import { Shipped } from "./choosers/shipped.ts";
import { House, type Happening } from "./house.ts";
import type { Scenery } from "./invariant.ts";
import { invariants } from "./invariants/index.ts";
import { SHIPPED, type Library } from "./library.ts";
import { planOf, type Fault, type Plan } from "./plan.ts";

export interface Run extends SeedRun<Fault> {
  readonly done: number;
  readonly refused: number;
}

/** Longer than any breaker stays open. */
const REST_MS = 70_000;

export async function runSeed(
  seed: number,
  { library = SHIPPED, only, trace }: RunSeedOptions<Library, Fault> = {},
): Promise<Run> {
  const plan = planOf(seed, only);
  const digest = new Digest();
  const { house, violation } = live(library, plan, (happening) => {
    digest.add(Math.round(happening.atMs * 1_000));
    digest.addText(wordsOf(happening));
    trace?.(`${happening.atMs.toFixed(3)} ms: ${wordsOf(happening)}`);
  });
  const done = house.endings.filter(({ outcome }) => outcome === "done").length;
  return {
    seed,
    events: house.events,
    virtualMicros: house.timeline.now,
    digest: digest.toString(),
    faults: [...plan.faults],
    violation,
    done,
    refused: house.endings.length - done,
  };
}

function live(
  library: Library,
  plan: Plan,
  tell: (happening: Happening) => void,
): { readonly house: House; readonly violation: SeedRun["violation"] } {
  const rules = invariants();
  let shipped: Shipped | undefined;
  const house = new House({
    ...plan,
    chooser: (surroundings) => (shipped = new Shipped(library, surroundings)),
    see: (happening) => {
      tell(happening);
      for (const rule of rules) rule.see?.(happening, scenery);
    },
  });
  if (shipped === undefined) throw new Error("a house makes its chooser");
  const scenery: Scenery = { plan, house, shipped, library };
  try {
    unleash(house, plan);
    house.run();
    house.rest(REST_MS);
    for (const rule of rules) rule.end?.(scenery);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { house, violation: { invariant: error.invariant, message: error.message } };
  }
  return { house, violation: undefined };
}

function wordsOf(happening: Happening): string {
  if (happening.type !== "ended") return `job ${happening.job.id} ${happening.type} engine ${happening.engine}`;
  const { job, outcome, engine } = happening.ending;
  return `job ${job.id} ended ${outcome} ${engine ?? "nowhere"}`;
}
