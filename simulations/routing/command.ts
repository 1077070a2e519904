/** `npm run simulate -- routing`. */
import { simulate, usageOf, type Print, type Simulation } from "../kit/command.ts";
import type { Library } from "./library.ts";
import { FAULTS, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";

const ROUTING: Simulation<Library, Fault, Run> = {
  name: "routing",
  defaultSeeds: 200,
  faults: FAULTS,
  runSeed,
  bugsNumbered,
  hunt,
  figuresOf: ({ done, refused }) => [
    { name: "done", words: "jobs done", value: done },
    { name: "refused", words: "refused", value: refused },
  ],
};

export const ROUTING_USAGE = usageOf(ROUTING.name);

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export function routingCommand(args: readonly string[], print: Print): Promise<number> {
  return simulate(ROUTING, args, print);
}
