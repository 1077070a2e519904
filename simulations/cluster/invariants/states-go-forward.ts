/** A replica never goes back while its peer lives. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "states-go-forward";

export function statesGoForward(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica" || happening.before === undefined) return;
      const { life, state } = happening.replica;
      const { index } = happening.before;
      demand(state.index >= index, NAME, () => `${life} goes back from ${index} to ${state.index}`);
    },
  };
}
