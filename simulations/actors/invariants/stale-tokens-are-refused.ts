/** Once an effect of a newer epoch or term was accepted, none of an older one is. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stale-tokens-are-refused";

export function staleTokensAreRefused(): Invariant {
  const newest = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "effect" || !happening.isAccepted) return;
      const { scope, kind, token, by } = happening;
      const before = newest.get(scope) ?? 0;
      demand(
        token >= before,
        NAME,
        () => `${by} has done something in ${scope} with ${kind} ${token}, after ${before}`,
      );
      newest.set(scope, token);
    },
  };
}
