/** One seed, from founding to healed. */
import { Violation } from "../kit/violation.ts";
import { unleash } from "./chaos.ts";
import { SHIPPED_CORE, type Core } from "./core.ts";
import { healAndExpectProgress } from "./heal.ts";
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
  /** How much was committed, and how many configurations there were: a run in which nothing happens shows nothing. */
  readonly committed: number;
  readonly configurations: number;
}

export interface RunOptions {
  readonly core?: Core;
  /** Only these fault kinds, of those that the seed has. */
  readonly only?: ReadonlySet<Fault>;
  readonly trace?: Trace;
}

export function runSeed(seed: number, { core = SHIPPED_CORE, only, trace }: RunOptions = {}): Run {
  const plan = planOf(seed, only);
  let world: World | undefined;
  let violation: Run["violation"];
  try {
    world = new World(core, plan, trace);
    unleash(world);
    world.runUntil(plan.safetyPhase);
    healAndExpectProgress(world);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = { invariant: error.invariant, message: error.message };
  }
  return {
    seed,
    events: world?.events ?? 0,
    virtualMicros: world?.timeline.now ?? 0,
    digest: world?.digest.toString() ?? "",
    faults: [...plan.faults],
    violation,
    committed: world?.chronicle.committed.length ?? 0,
    configurations: world?.chronicle.configurations.length ?? 0,
  };
}
