/** A supervisor's stop hook runs when its children have stopped, or were left behind. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "children-stop-first";

export function childrenStopFirst(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "parent-stops") return;
      const { parent, childrenOn } = happening;
      demand(childrenOn.length === 0, NAME, () => `${parent} stops while ${childrenOn.join(", ")} goes on`);
    },
  };
}
