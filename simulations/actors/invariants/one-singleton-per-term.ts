/** All accepted effects of a singleton in one term come from one life of the host that led then. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-singleton-per-term";

export function oneSingletonPerTerm(): Invariant {
  const leaders = new Map<string, string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "effect" || happening.kind !== "term" || !happening.isAccepted) return;
      const { scope, token, by, isRightful } = happening;
      const name = `term ${token} of ${scope}`;
      demand(isRightful, NAME, () => `an effect of ${by} in ${name}, in which it never led, was accepted`);
      const leader = leaders.get(name);
      demand(leader === undefined || leader === by, NAME, () => `${name} has effects of ${leader} and of ${by}`);
      leaders.set(name, by);
    },
  };
}
