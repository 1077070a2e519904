/** A simulation as its command sees it, and what is done with any of them: making failing runs simpler, hunting bugs. */
import type { SeedRun } from "./seed-run.ts";

export interface RunSeedOptions<Library, Fault extends string> {
  readonly library?: Library;
  /** Only these fault kinds, of those that the seed has. */
  readonly only?: ReadonlySet<Fault>;
  readonly trace?: (line: string) => void;
}

export type RunSeed<Library, Fault extends string, Run extends SeedRun<Fault>> = (
  seed: number,
  options?: RunSeedOptions<Library, Fault>,
) => Promise<Run>;

/** What the search for one bug came to. */
export interface Hunt<Run> {
  /** Seeds tried until it was caught; undefined when it never was. */
  readonly seeds: number | undefined;
  readonly caught: Run | undefined;
}

/** The fewest fault kinds found with which `failing` still fails in the same way. */
export async function shrink<Library, Fault extends string, Run extends SeedRun<Fault>>(
  failing: Run,
  runSeed: RunSeed<Library, Fault, Run>,
): Promise<Run> {
  let best = failing;
  for (let removed = true; removed;) {
    removed = false;
    for (const fault of best.faults) {
      const only = new Set<Fault>(best.faults.filter((other) => other !== fault));
      const run = await runSeed(failing.seed, { only });
      if (run.violation?.invariant !== failing.violation?.invariant) continue;
      best = run;
      removed = true;
    }
  }
  return best;
}

/** The command that replays `run`, byte for byte. */
export function replayCommand(simulation: string, { seed, faults }: SeedRun): string {
  return `npm run -s simulate -- ${simulation} --seed ${seed} --faults ${faults.join(",") || "none"} --trace`;
}

/** Tries seeds from `from` on in `library` until one shows a violation, `seeds` at most. */
export async function huntIn<Library, Fault extends string, Run extends SeedRun<Fault>>(
  library: Library,
  runSeed: RunSeed<Library, Fault, Run>,
  from: number,
  seeds: number,
): Promise<Hunt<Run>> {
  for (let tried = 1; tried <= seeds; tried += 1) {
    const run = await runSeed(from + tried - 1, { library });
    if (run.violation !== undefined) return { seeds: tried, caught: run };
  }
  return { seeds: undefined, caught: undefined };
}
