/** Whom the end of a child concerns. */
import type { RestartPolicy, Strategy } from "./spec.ts";

/** Whether a child is started again. `crashed`: it threw; otherwise it stopped by itself. */
export function isRestarted(policy: RestartPolicy, crashed: boolean): boolean {
  return policy === "permanent" || (policy === "transient" && crashed);
}

/** The children that restart when `ended` does, in the order of their start; `children` are in that order too. */
export function concerned<Child>(strategy: Strategy, children: Iterable<Child>, ended: Child): readonly Child[] {
  switch (strategy) {
    case "one-for-one":
      return [ended];
    case "one-for-all":
      return [...children];
    case "rest-for-one":
      return restFrom([...children], ended);
  }
}

function restFrom<Child>(children: readonly Child[], first: Child): readonly Child[] {
  return children.slice(children.indexOf(first));
}
