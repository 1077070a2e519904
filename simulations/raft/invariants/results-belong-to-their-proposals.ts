/** Whoever proposed a command gets the result of that command, also of a retry (section 6.3). */
import { demand } from "../../kit/violation.ts";
import { decodeResult } from "../machine.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "results-belong-to-their-proposals";

export function resultsBelongToTheirProposals(): Invariant {
  const positions = new Map<string, number>();
  return {
    name: NAME,
    done(_, { append: { client, sequence }, position }) {
      positions.set(`${client}:${sequence}`, position);
    },
    answered({ id }, { append: { client, sequence }, outcome }) {
      if (outcome.outcome !== "committed") return;
      const name = `${client}:${sequence}`;
      const result = decodeResult(outcome.result);
      demand(
        result?.client === client && result.sequence === sequence && result.position === positions.get(name),
        NAME,
        () => `node ${id} answers ${name} with ${JSON.stringify(result)}; it came to ${positions.get(name)}`,
      );
    },
  };
}
