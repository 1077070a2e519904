/** `npm run simulate -- raft`. */
import { simulate, usageOf, type Print, type Simulation } from "../kit/command.ts";
import type { Library } from "./library.ts";
import { FAULTS, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";

const RAFT: Simulation<Library, Fault, Run> = {
  name: "raft",
  defaultSeeds: 1000,
  faults: FAULTS,
  runSeed,
  bugsNumbered,
  hunt,
  figuresOf: () => [],
};

export const RAFT_USAGE = usageOf(RAFT.name);

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export function raftCommand(args: readonly string[], print: Print): Promise<number> {
  return simulate(RAFT, args, print);
}
