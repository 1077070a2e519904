/** What a reader gets of a stream are its items, each once, in order, none left out. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stream-items-are-in-order";

export function streamItemsAreInOrder(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "item-read") return;
      const { stream, of, expected, item } = happening;
      const isRight = of === stream && item === expected;
      demand(isRight, NAME, () => `item ${item} of ${of} comes out of ${stream}, where item ${expected} should`);
    },
  };
}
