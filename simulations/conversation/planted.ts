/** Bugs planted in copies of the packages, and hunted by seeds. */
import { numbered, withBugIn, type PlantedBug } from "../kit/planted.ts";
import { huntIn, type Hunt } from "../kit/simulation.ts";
import type { Library } from "./library.ts";
import { PLANTED_BUGS } from "./planted/bugs.ts";
import { runSeed, type Run } from "./run.ts";

const PACKAGE = { name: "@parley/node", dependency: "libp2p" };

/** Tries seeds from `from` on until the bug is caught, `seeds` at most. @throws Error when its lines are not there once */
export function hunt(bug: PlantedBug, from: number, seeds: number): Promise<Hunt<Run>> {
  return withBugIn(PACKAGE, bug, async (load) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a copy of the very module that the type describes
    const library = (await load("testing/simulated-conversation.ts")) as Library;
    return huntIn(library, runSeed, from, seeds);
  });
}

/** The bugs of these numbers; all of them for none. @throws TypeError when there is no bug of such a number */
export function bugsNumbered(numbers: readonly number[]): readonly PlantedBug[] {
  return numbered(PLANTED_BUGS, numbers);
}
