/** What a seed decides about placement: bounds, sleep, and how hands are changed. */
import { Random } from "../../kit/random.ts";
import type { Plan } from "../plan.ts";

export interface PlacementPlan {
  readonly limits: {
    readonly maxHeld: number;
    readonly maxUnderWay: number;
    readonly maxWaiting: number;
    readonly maxEarly: number;
    readonly maxMoves: number;
    readonly handOffTimeoutMs: number;
  };
  /** Without a message for so long, entities are put to sleep; undefined: never. */
  readonly passivateAfterMs: number | undefined;
  /** Whoever sends in order must not be refused for want of room: only then nothing at all may be lost in calm weather. */
  readonly hasRoom: boolean;
}

export function placementPlanOf({ seed, faults }: Plan): PlacementPlan {
  const random = new Random(seed, "plan/placement");
  const small = {
    maxHeld: random.between(8, 12),
    maxUnderWay: random.between(1, 6),
    maxWaiting: random.between(1, 6),
    maxEarly: random.between(1, 6),
  };
  const idleMs = random.oneOf(100, 400, 1_500);
  const ample = { maxHeld: 1_000, maxUnderWay: 1_000, maxWaiting: 100, maxEarly: 1_000 };
  const hasRoom = !faults.has("small-regions");
  return {
    limits: {
      ...(hasRoom ? ample : small),
      maxMoves: random.between(1, 4),
      handOffTimeoutMs: random.oneOf(2_000, 3_000, 10_000),
    },
    passivateAfterMs: faults.has("idle-entities") ? idleMs : undefined,
    hasRoom,
  };
}
