/** A stamp or a term that a newer one has been seen of changes nothing any more, whatever it is shown for. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "late-owners-are-refused";

export function lateOwnersAreRefused(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "late") return;
      const { life, what, outcome } = happening.late;
      demand(outcome !== "done", NAME, () => `through ${life} somebody whose time was over did ${what}`);
    },
  };
}
