/** Who uses the clusters of a run. */
import type { World } from "../world.ts";
import { askForHomes } from "./homes.ts";
import { comeLate } from "./latecomers.ts";
import { useOutboxes } from "./outboxes.ts";
import { haunt, useRegisters } from "./registers.ts";
import { writeOwnKeys } from "./writes.ts";

/** They go on until the world is healed. */
export function employ(world: World): void {
  for (let client = 1; client <= world.plan.clients; client += 1) {
    writeOwnKeys(world, client);
    useRegisters(world, client);
    useOutboxes(world, client);
  }
  haunt(world);
  askForHomes(world);
  comeLate(world);
}
