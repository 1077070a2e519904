/** What happens in trees of supervisors. Times are of the host's clock. */
import type { Strategy } from "@parley/actors";

export type TreeHappening =
  /** A life of a child begins. */
  | {
      readonly type: "child-begins";
      readonly child: string;
      /** One life of the supervisor. */
      readonly supervisor: string;
      readonly strategy: Strategy;
      readonly maxRestarts: number;
      readonly withinMs: number;
      readonly atMs: number;
      /** Earlier lives of this child and its descendants that go on. */
      readonly stillOn: readonly string[];
      /** Siblings that were started after it and live, where they depend on it. */
      readonly dependents: readonly string[];
      /** Not before this, by its supervisor's back-off. */
      readonly notBeforeMs: number;
    }
  /** A life's stop hook runs. */
  | { readonly type: "parent-stops"; readonly parent: string; readonly childrenOn: readonly string[] }
  /** A timer set by life `bornIn` of an actor is heard in life `now`. */
  | { readonly type: "timer-heard"; readonly actor: string; readonly bornIn: number; readonly now: number }
  /** Some time after the last fault: who does not run. */
  | { readonly type: "trees-settled"; readonly down: readonly string[] };
