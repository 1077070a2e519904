/** Who has gone to sleep, with nothing breaking meanwhile, is not woken by the next owner. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "sleepers-are-left-asleep";

export function sleepersAreLeftAsleep(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "calm") return;
      const { roused } = happening;
      demand(roused.length === 0, NAME, () => `somebody has woken ${roused.join(", ")}`);
    },
  };
}
