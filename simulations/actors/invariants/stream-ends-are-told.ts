/** Once one end of a stream is over or gone, the other learns of it: nothing is read from or kept for nobody. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stream-ends-are-told";

export function streamEndsAreTold(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "streams-settled") return;
      const { untold } = happening;
      demand(untold.length === 0, NAME, () => `nobody has told ${untold.join(", ")}`);
    },
  };
}
