/**
 * In one host an entity, or the singleton, never begins to run before it has ended there in every earlier epoch or term; and
 * when hands are changed in order, not before it has ended on all others.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stays-do-not-overlap";

export function staysDoNotOverlap(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "begun") return;
      const { name, by, token, here, elsewhere, isCalm } = happening;
      const begins = `${name} begins on ${by} in ${token}`;
      demand(here.length === 0, NAME, () => `${begins}, and runs there still in ${here.join(", ")}`);
      demand(!isCalm || elsewhere.length === 0, NAME, () => `${begins}, and runs on ${elsewhere.join(", ")}`);
    },
  };
}
