/** Every question and every offer ends by its deadline, by the clock of who waits. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "waits-end";

export function waitsEnd(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "wait-ended") {
        demand(!happening.isLate, NAME, () => `${happening.what} has not ended by its deadline`);
      }
    },
  };
}
