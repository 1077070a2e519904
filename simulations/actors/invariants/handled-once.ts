/** While a receiver's host lives, no handler finishes twice with one message; what is not acknowledged is not even tried twice. */
import { demand } from "../../kit/violation.ts";
import { nameOf, type Invariant } from "../chronicle.ts";

const NAME = "handled-once";

export function handledOnce(): Invariant {
  const seen = new Set<string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "handled" && happening.type !== "taken") return;
      const { type, sent, by } = happening;
      if (type === "taken" && sent.manner === "acknowledged") return;
      const name = `${type} ${by}: ${nameOf(sent)}`;
      demand(!seen.has(name), NAME, () => `${name}, for the second time`);
      seen.add(name);
    },
  };
}
