/** Once all is well again each session lives at one peer: what was said to a side of it that was apart has come to the house. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "sides-are-reunited";

export function sidesAreReunited(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "calm") return;
      const { divided } = happening;
      demand(divided.size === 0, NAME, () => `these have a session at two peers still: ${[...divided].join(", ")}`);
    },
  };
}
