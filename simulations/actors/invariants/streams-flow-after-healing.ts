/** Once faults have ended, every host can read a stream of every host to its end. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "streams-flow-after-healing";

export function streamsFlowAfterHealing(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "streams-settled") return;
      const { stuck } = happening;
      demand(stuck.length === 0, NAME, () => `after all faults: ${stuck.join(", ")}`);
    },
  };
}
