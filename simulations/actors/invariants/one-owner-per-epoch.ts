/** All accepted effects of one epoch of a shard come from one life of the host that owned it then. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-owner-per-epoch";

export function oneOwnerPerEpoch(): Invariant {
  const owners = new Map<string, string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "effect" || happening.kind !== "epoch" || !happening.isAccepted) return;
      const { scope, token, by, isRightful } = happening;
      const name = `epoch ${token} of ${scope}`;
      demand(isRightful, NAME, () => `an effect of ${by} in ${name}, which it never had, was accepted`);
      const owner = owners.get(name);
      demand(owner === undefined || owner === by, NAME, () => `${name} has effects of ${owner} and of ${by}`);
      owners.set(name, by);
    },
  };
}
