/** `npm run simulate -- conversation`. */
import { simulate, usageOf, type Print, type Simulation } from "../kit/command.ts";
import type { Library } from "./library.ts";
import { FAULTS, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";

const CONVERSATION: Simulation<Library, Fault, Run> = {
  name: "conversation",
  defaultSeeds: 50,
  faults: FAULTS,
  runSeed,
  bugsNumbered,
  hunt,
  figuresOf: ({ answered, goneOn }) => [
    { name: "answered", words: "turns answered", value: answered },
    { name: "goneOn", words: "connections lost within an answer", value: goneOn },
  ],
};

export const CONVERSATION_USAGE = usageOf(CONVERSATION.name);

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export function conversationCommand(args: readonly string[], print: Print): Promise<number> {
  return simulate(CONVERSATION, args, print);
}
