/** Once an effect of a singleton of a newer term was accepted, none of an older one is. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stale-terms-are-refused";

export function staleTermsAreRefused(): Invariant {
  const newest = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "effect" || happening.kind !== "term" || !happening.isAccepted) return;
      const { scope, token, by } = happening;
      const before = newest.get(scope) ?? 0;
      demand(token >= before, NAME, () => `${by} has done something in ${scope} in term ${token}, after ${before}`);
      newest.set(scope, token);
    },
  };
}
