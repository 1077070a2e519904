/** `applied <= commit <= last index`, the last entry applied never goes back, and the core says so too. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "applied-within-commit";

export function appliedWithinCommit(): Invariant {
  return {
    name: NAME,
    state({ id, status, before, applied }) {
      const { commit, lastIndex } = status;
      const all = (): string =>
        `node ${id}: applied ${applied} (${status.applied}), commit ${commit}, last ${lastIndex}`;
      demand(applied <= commit && status.applied <= commit && commit <= lastIndex, NAME, all);
      demand(before === undefined || before.applied <= status.applied, NAME, all);
    },
  };
}
