/** What runs as prime ends soon once its host knows that somebody else leads: also though all that it does is refused. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "former-primes-rest";
/** Its message at hand may take as long as a write does. */
const PATIENCE_MS = 12_000;

export function formerPrimesRest(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "acting") return;
      const { life, term, overForMs } = happening.acting;
      demand(
        overForMs <= PATIENCE_MS,
        NAME,
        () => `${life} acts under term ${term}, and has known for ${Math.round(overForMs)} ms that it is over`,
      );
    },
  };
}
