/** A child's next life begins when the last, with all that it had started, has ended or was left behind. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-life-at-a-time";

export function oneLifeAtATime(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "child-begins") return;
      const { child, supervisor, stillOn } = happening;
      demand(stillOn.length === 0, NAME, () => `${child} of ${supervisor} begins while ${stillOn.join(", ")} goes on`);
    },
  };
}
