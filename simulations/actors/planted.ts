/** Bugs planted in copies of the package, and hunted by seeds. */
import { numbered, withBugIn, type PlantedBug } from "../kit/planted.ts";
import { huntIn, type Hunt } from "../kit/simulation.ts";
import type { Library } from "./library.ts";
import { PLANTED_BUGS } from "./planted/bugs.ts";
import { runSeed, type Run } from "./run.ts";

// It is told of references once for the whole process.
const PACKAGE = { name: "@parley/actors", dependency: "msgpackr", own: ["msgpackr"] };

/** Tries seeds from `from` on until the bug is caught, `seeds` at most. @throws Error when its lines are not there once */
export function hunt(bug: PlantedBug, from: number, seeds: number): Promise<Hunt<Run>> {
  return withBugIn(PACKAGE, bug, async (load) => {
    const [actors, testing] = [await load("index.ts"), await load("testing/index.ts")];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- copies of the very modules that the type describes
    return huntIn({ actors, testing } as Library, runSeed, from, seeds);
  });
}

/** The bugs of these numbers; all of them for none. @throws TypeError when there is no bug of such a number */
export function bugsNumbered(numbers: readonly number[]): readonly PlantedBug[] {
  return numbered(PLANTED_BUGS, numbers);
}
