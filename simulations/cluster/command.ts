/** `npm run simulate -- cluster`. */
import { simulate, usageOf, type Print, type Simulation } from "../kit/command.ts";
import type { Library } from "./library.ts";
import { FAULTS, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";

const CLUSTER: Simulation<Library, Fault, Run> = {
  name: "cluster",
  defaultSeeds: 50,
  faults: FAULTS,
  runSeed,
  bugsNumbered,
  hunt,
  figuresOf: ({ applied, formedInCalm, isStranded }) => [
    { name: "applied", words: "steps of replicas", value: applied },
    { name: "formedInCalm", words: "formed before the first fault", value: formedInCalm ? 1 : 0 },
    { name: "stranded", words: "stranded by doubts", value: isStranded ? 1 : 0 },
  ],
};

export const CLUSTER_USAGE = usageOf(CLUSTER.name);

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export function clusterCommand(args: readonly string[], print: Print): Promise<number> {
  return simulate(CLUSTER, args, print);
}
