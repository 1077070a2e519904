/** An entity that lived, and never went to sleep, runs again some time after the last fault, though nobody has written to it. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "remembered-entities-wake";

export function rememberedEntitiesWake(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "placement-healed") return;
      const { asleep } = happening;
      demand(asleep.length === 0, NAME, () => `nobody has woken ${asleep.join(", ")}`);
    },
  };
}
