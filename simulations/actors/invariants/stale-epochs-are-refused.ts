/** Once an effect of a newer epoch of a shard was accepted, none of an older one is. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stale-epochs-are-refused";

export function staleEpochsAreRefused(): Invariant {
  const newest = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "effect" || happening.kind !== "epoch" || !happening.isAccepted) return;
      const { scope, token, by } = happening;
      const before = newest.get(scope) ?? 0;
      demand(token >= before, NAME, () => `${by} has done something in ${scope} in epoch ${token}, after ${before}`);
      newest.set(scope, token);
    },
  };
}
