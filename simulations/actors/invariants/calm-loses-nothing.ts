/** When shards change hands in order, whatever is sent meanwhile arrives, in whatever manner it was sent. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "calm-loses-nothing";

export function calmLosesNothing(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "calm") return;
      const { lost } = happening;
      demand(lost.length === 0, NAME, () => `nothing came of ${lost.length}: ${lost.slice(0, 3).join("; ")}`);
    },
  };
}
