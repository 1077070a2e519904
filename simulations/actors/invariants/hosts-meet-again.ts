/** Once faults have ended, every actor answers every host. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "hosts-meet-again";

export function hostsMeetAgain(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "healed") return;
      const { unanswered } = happening;
      demand(unanswered.length === 0, NAME, () => `after all faults: ${unanswered.join(", ")}`);
    },
  };
}
