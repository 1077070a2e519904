/** What a world knows of placement. */
import { nameOf, type Sent } from "../chronicle.ts";
import type { Life } from "../host.ts";
import type { Random } from "../../kit/random.ts";
import type { Timeline } from "../../kit/timeline.ts";
import type { Library } from "../library.ts";
import type { Plan } from "../plan.ts";
import { SharedMemory } from "./memory.ts";
import { placementPlanOf, type PlacementPlan } from "./plan.ts";
import { Stays } from "./stays.ts";

/** What a world has of this already. */
interface Surroundings {
  readonly plan: Plan;
  readonly library: Library;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly consensus: { isCutOff(host: string): boolean };
  readonly isHealed: boolean;
}

export class PlacementRecord {
  readonly plan: PlacementPlan;
  readonly memory: SharedMemory;
  readonly stays = new Stays();
  /** Acknowledged messages for entities about which nobody has heard, by who sent them. */
  readonly unsettled = new WeakMap<Life, number>();
  /** Nothing breaks any more: hands are changed in order, and nothing is lost. */
  isCalm = false;
  readonly #awaited = new Map<string, () => void>();

  constructor(world: Surroundings) {
    this.plan = placementPlanOf(world.plan);
    this.memory = new SharedMemory({
      library: world.library,
      timeline: world.timeline,
      random: world.random.fork("memory"),
      isCutOff: (host) => world.consensus.isCutOff(host),
      isTroubled: () => world.plan.faults.has("memory-trouble") && !world.isHealed,
    });
  }

  /** Calls `handled` once an entity has handled it. */
  awaitHandling(sent: Sent, handled: () => void): void {
    this.#awaited.set(nameOf(sent), handled);
  }

  handled(sent: Sent): void {
    this.#awaited.get(nameOf(sent))?.();
  }

  /** A message is under way to an entity until `promise` is settled. */
  count(life: Life, promise: Promise<unknown>): void {
    const change = (by: number): void => {
      this.unsettled.set(life, (this.unsettled.get(life) ?? 0) + by);
    };
    const settled = (): void => change(-1);
    change(1);
    promise.then(settled, settled);
  }
}
