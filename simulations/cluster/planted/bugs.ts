/** Bugs to be planted in the package, each in lines that stand exactly once in a file below `packages/node/src`. */
import type { PlantedBug } from "../../kit/planted.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [];
