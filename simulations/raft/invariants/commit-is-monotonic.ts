/** A node's commit index never falls, and after a crash is at least what was durable. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "commit-is-monotonic";

export function commitIsMonotonic(): Invariant {
  return {
    name: NAME,
    started({ id, status: { commit }, durable }) {
      const { commit: stored } = durable.hardState;
      demand(commit >= stored, NAME, () => `node ${id} starts with commit ${commit}, but ${stored} was durable`);
    },
    state({ id, status: { commit }, before }) {
      if (before === undefined || commit >= before.commit) return;
      demand(false, NAME, () => `the commit index of node ${id} falls from ${before.commit} to ${commit}`);
    },
  };
}
