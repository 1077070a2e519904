/** Any majority of a configuration meets any majority of the next (sections 4.1, 4.3): tried with all of them. */
import type { ConfState } from "@parley/raft";
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { isQuorum } from "../membership-model.ts";

const NAME = "quorums-overlap";

export function quorumsOverlap(): Invariant {
  return {
    name: NAME,
    configured(index, before, after) {
      const ids = [...new Set([before, after].flatMap(({ voters, votersOutgoing }) => [...voters, ...votersOutgoing]))];
      for (let bits = 0; bits < 2 ** ids.length; bits += 1) {
        const chosen = new Set(ids.filter((_, i) => (bits >> i) % 2 === 1));
        const others = new Set(ids.filter((id) => !chosen.has(id)));
        demand(
          !(isQuorum(before, chosen) && isQuorum(after, others)),
          NAME,
          () =>
            `at ${index}: [${[...chosen].join()}] decides before and [${[...others].join()}] after ${describe(after)}`,
        );
      }
    },
  };
}

function describe(conf: ConfState): string {
  return JSON.stringify(conf);
}
