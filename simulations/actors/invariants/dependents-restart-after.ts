/** Under one-for-all and rest-for-one, nobody lives who was started after a child that begins anew. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "dependents-restart-after";

export function dependentsRestartAfter(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "child-begins") return;
      const { child, supervisor, dependents } = happening;
      demand(dependents.length === 0, NAME, () => `${child} of ${supervisor} begins under ${dependents.join(", ")}`);
    },
  };
}
