/** One seed, from its start to healed. */
import { Violation } from "../kit/violation.ts";
import { unleash } from "./chaos.ts";
import { healAndExpectProgress } from "./heal.ts";
import { begin, look } from "./life.ts";
import { SHIPPED, type Library } from "./library.ts";
import { planOf, type Fault } from "./plan.ts";
import { World, type Trace } from "./world.ts";

export interface Run {
  readonly seed: number;
  readonly events: number;
  readonly virtualMicros: number;
  /** Fingerprint of everything that happened. */
  readonly digest: string;
  readonly faults: readonly Fault[];
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  /** Messages that handlers have finished with: a run in which nothing happens shows nothing. */
  readonly handled: number;
}

export interface RunOptions {
  readonly library?: Library;
  /** Only these fault kinds, of those that the seed has. */
  readonly only?: ReadonlySet<Fault>;
  readonly trace?: Trace;
}

export async function runSeed(seed: number, { library = SHIPPED, only, trace }: RunOptions = {}): Promise<Run> {
  const plan = planOf(seed, only);
  let world: World | undefined;
  let violation: Run["violation"];
  const unhandled = (error: unknown): void => world?.fail(error, "a promise that nobody waits for");
  process.on("unhandledRejection", unhandled);
  try {
    world = new World(library, plan, { begin, look }, trace);
    unleash(world);
    await world.runUntil(plan.safetyPhase);
    await healAndExpectProgress(world);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = { invariant: error.invariant, message: error.message };
  } finally {
    process.off("unhandledRejection", unhandled);
  }
  return {
    seed,
    events: world?.events ?? 0,
    virtualMicros: world?.timeline.now ?? 0,
    digest: world?.digest.toString() ?? "",
    faults: [...plan.faults],
    violation,
    handled: world?.handled ?? 0,
  };
}
