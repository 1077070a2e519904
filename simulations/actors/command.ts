/** `npm run simulate -- actors`. */
import { simulate, usageOf, type Print, type Simulation } from "../kit/command.ts";
import type { Library } from "./library.ts";
import { FAULTS, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";

const ACTORS: Simulation<Library, Fault, Run> = {
  name: "actors",
  defaultSeeds: 100,
  faults: FAULTS,
  runSeed,
  bugsNumbered,
  hunt,
  figuresOf: ({ handled }) => [{ name: "handled", words: "messages handled", value: handled }],
};

export const ACTORS_USAGE = usageOf(ACTORS.name);

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export function actorsCommand(args: readonly string[], print: Print): Promise<number> {
  return simulate(ACTORS, args, print);
}
