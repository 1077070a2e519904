/** Whatever is asked is answered: no fault of a minority ends a turn. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "no-turn-is-lost";

export function noTurnIsLost(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "failed") return;
      const { given, error } = happening;
      demand(false, NAME, () => `${given.turn.question} was not answered: ${error}`);
    },
  };
}
