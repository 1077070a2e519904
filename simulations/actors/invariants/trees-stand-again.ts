/** Once nothing crashes any more, everybody runs who is to be restarted. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "trees-stand-again";

export function treesStandAgain(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "trees-settled") return;
      const { down } = happening;
      demand(down.length === 0, NAME, () => `after all crashes: ${down.join(", ")}`);
    },
  };
}
