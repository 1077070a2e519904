/** Leadership that is said to be handed over was: the node named came to lead, in the term of the request or a later one. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "transfers-are-true";

export function transfersAreTrue(): Invariant {
  /** By node: the last term it led in. */
  const led = new Map<number, number>();
  return {
    name: NAME,
    state({ id, status: { role, term } }) {
      if (role === "leader") led.set(id, term);
    },
    transferred({ id }, askedIn, outcome) {
      // Itself it may name before anybody heard that it leads.
      if (outcome.outcome !== "transferred" || outcome.leader === id) return;
      const { leader } = outcome;
      demand(
        (led.get(leader) ?? 0) >= askedIn,
        NAME,
        () =>
          `node ${id}, asked in term ${askedIn}, says that ${leader} leads now, which it last did in ${led.get(leader)}`,
      );
    },
  };
}
