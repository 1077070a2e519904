/** A read reflects every write acknowledged, and every read answered, before it began (section 6.4). */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "reads-are-linearizable";

export function readsAreLinearizable(): Invariant {
  return {
    name: NAME,
    read({ name, node, key, position, floor }) {
      demand(
        position >= floor,
        NAME,
        () =>
          `${name} at node ${node} sees ${position} values of register ${key}, but ${floor} were known before it began`,
      );
    },
  };
}
