/** What a life of an actor has set for later is never heard by another. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "timers-end-with-their-life";

export function timersEndWithTheirLife(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "timer-heard") return;
      const { actor, bornIn, now } = happening;
      demand(bornIn === now, NAME, () => `${actor} hears a timer of its life ${bornIn}`);
    },
  };
}
