/** Whoever watches an actor that has ended is told so, at the latest once the network is whole again. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "ends-are-told";

export function endsAreTold(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "healed") return;
      const { untold } = happening;
      demand(untold.length === 0, NAME, () => `nobody has told: ${untold.join(", ")}`);
    },
  };
}
