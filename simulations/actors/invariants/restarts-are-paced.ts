/** A child that crashes again and again begins anew after pauses that grow. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "restarts-are-paced";
/** Clocks count in fractions. */
const ROUNDING_MS = 0.01;

export function restartsArePaced(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "child-begins") return;
      const { child, supervisor, atMs, notBeforeMs } = happening;
      const early = notBeforeMs - atMs;
      demand(early <= ROUNDING_MS, NAME, () => `${child} of ${supervisor} begins ${early} ms too early`);
    },
  };
}
