/** One seed, from the first start to healed. */
import { withSimulatedProcesses } from "../kit/process.ts";
import { Random } from "../kit/random.ts";
import { runWorld, type SeedRun } from "../kit/seed-run.ts";
import type { RunSeedOptions } from "../kit/simulation.ts";
import { SECOND } from "../kit/timeline.ts";
import { unleash } from "./chaos.ts";
import { employ } from "./clients/employ.ts";
import { appoint } from "./clients/steward.ts";
import { healAndExpectOrder } from "./heal.ts";
import { householdOf } from "./household.ts";
import { SHIPPED, type Library } from "./library.ts";
import { planOf, type Fault } from "./plan.ts";
import { playScenes } from "./scenes.ts";
import { World } from "./world.ts";

export interface Run extends SeedRun<Fault> {
  /** Steps of replicas: a run in which nothing happens shows nothing. */
  readonly applied: number;
  /** Whether all founders were in one cluster before the first fault. */
  readonly formedInCalm: boolean;
  /** Whether so many logs were in doubt in the end that nobody could be elected. */
  readonly isStranded: boolean;
}

/** Within this, peers that nothing disturbs are one cluster. */
const FORMED = 30 * SECOND;

export async function runSeed(
  seed: number,
  { library = SHIPPED, only, trace }: RunSeedOptions<Library, Fault> = {},
): Promise<Run> {
  const plan = planOf(seed, only);
  const household = await householdOf(library);
  // It loads in its own time, which is not that of the simulation.
  await library.opaqueReady();
  let isStranded = false;
  const { world, ...run } = await withSimulatedProcesses(() =>
    runWorld(
      { seed, faults: plan.faults },
      () => new World(library, plan, household, trace),
      async (made) => {
        begin(made);
        if (plan.startsInStorm) unleash(made);
        else await form(made);
        employ(made);
        if (!plan.startsInStorm) {
          if (plan.faults.has("deposed-prime")) await playScenes(made);
          unleash(made);
        }
        await made.runUntil(made.timeline.now + plan.safetyPhase);
        isStranded = !(await healAndExpectOrder(made));
      },
    ),
  );
  return { ...run, applied: world?.applied ?? 0, formedInCalm: world?.formedInCalm ?? false, isStranded };
}

function begin(world: World): void {
  world.onMember = (life, member) => appoint(world, life, member);
  const { plan, timeline, machines } = world;
  const random = new Random(plan.seed, "begin");
  for (const machine of machines.slice(0, plan.founders)) {
    timeline.after(plan.startWithin * random.next(), () => world.start(machine));
  }
}

/** Without faults, until all are in one cluster; that this happens is an invariant. */
async function form(world: World): Promise<void> {
  const { plan } = world;
  const isFormed = (): boolean => {
    const clusters = world.up().map(({ cluster }) => cluster?.member);
    const [first] = clusters;
    return (
      clusters.length === plan.founders &&
      first !== undefined &&
      clusters.every((member) => member?.roster.cluster === first.roster.cluster) &&
      first.shared.now.members.size === plan.founders
    );
  };
  await world.runUntil(world.timeline.now + FORMED, isFormed);
  world.formedInCalm = true;
  world.note("formed", isFormed());
}
