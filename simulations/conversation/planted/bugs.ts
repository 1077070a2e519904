/** Bugs to be planted in the packages, each in lines that stand exactly once in a file below `packages/node/src`, or that of `of`. */
import type { PlantedBug } from "../../kit/planted.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [];
