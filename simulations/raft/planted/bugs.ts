/** All bugs to be planted. */
import type { PlantedBug } from "../../kit/planted.ts";
import { CORE_BUGS } from "./core.ts";
import { DRIVER_BUGS } from "./driver.ts";
import { STORAGE_BUGS } from "./storage.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [...CORE_BUGS, ...STORAGE_BUGS, ...DRIVER_BUGS].toSorted(
  (a, b) => a.number - b.number,
);
