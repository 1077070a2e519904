/** One seed's run, whatever is simulated. */
import type { Digest } from "./digest.ts";
import type { Micros } from "./timeline.ts";
import { Violation } from "./violation.ts";

/** What came of a seed. */
export interface SeedRun<Fault extends string = string> {
  readonly seed: number;
  readonly events: number;
  readonly virtualMicros: number;
  /** Fingerprint of everything that happened. */
  readonly digest: string;
  readonly faults: readonly Fault[];
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
}

/** What a run needs of the world in which it happens. */
export interface SimulatedWorld {
  readonly events: number;
  readonly timeline: { readonly now: Micros };
  readonly digest: Digest;
  fail(error: unknown, where: string): void;
}

/** Lets a world live. What it finds is the run's violation; other errors are the simulation's own, and thrown. */
export async function runWorld<World extends SimulatedWorld, Fault extends string>(
  { seed, faults }: { readonly seed: number; readonly faults: Iterable<Fault> },
  make: () => World,
  live: (world: World) => Promise<void>,
): Promise<SeedRun<Fault> & { readonly world: World | undefined }> {
  let world: World | undefined;
  let violation: SeedRun["violation"];
  const unhandled = (error: unknown): void => world?.fail(error, "a promise that nobody waits for");
  process.on("unhandledRejection", unhandled);
  try {
    world = make();
    await live(world);
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
    faults: [...faults],
    violation,
    world,
  };
}
