/** What is not urgent is given to a handler when nothing urgent waits. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "urgent-comes-first";

export function urgentComesFirst(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "slip-taken" || happening.isUrgent) return;
      const { desk, waiting } = happening;
      demand(waiting.length === 0, NAME, () => `${desk} takes what is not urgent before ${waiting.join(", ")}`);
    },
  };
}
