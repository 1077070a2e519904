/** Each life of a node applies what follows its snapshot, one entry after the other: none twice, and none left out. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "applied-in-order";

export function appliedInOrder(): Invariant {
  /** By node: the last command that the state machine carried out. */
  const commands = new Map<number, number>();
  return {
    name: NAME,
    started: ({ id, applied }) => void commands.set(id, applied),
    restored: ({ id }, { index }) => void commands.set(id, index),
    applying({ id, applying }, { index }) {
      demand(index === applying + 1, NAME, () => `node ${id} begins to apply ${index} after ${applying}`);
    },
    done({ id, applied, applying }, { index }) {
      const last = Math.max(applied, commands.get(id) ?? 0);
      commands.set(id, index);
      demand(
        index > last && index <= applying,
        NAME,
        () => `the state machine of node ${id} is given ${index} after ${last}, while up to ${applying} is applied`,
      );
    },
  };
}
