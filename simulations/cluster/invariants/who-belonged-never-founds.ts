/** A peer that once belonged never founds a cluster: it comes back to its own, or waits for a person. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "who-belonged-never-founds";

export function whoBelongedNeverFounds(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "recorded" || happening.standing !== "founding") return;
      const { machine, hasBelonged, cluster } = happening;
      demand(!hasBelonged, NAME, () => `machine ${machine} founds ${cluster}, and has belonged to another`);
    },
  };
}
