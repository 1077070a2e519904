/** A client is told of each sentence of an answer once, in their order. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "no-sentence-twice";

export function noSentenceTwice(): Invariant {
  const last = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "sentence") return;
      const { turn, index, text } = happening;
      const before = last.get(turn) ?? -1;
      demand(
        index === before + 1,
        NAME,
        () => `sentence ${index} of ${turn}, "${text}", came behind sentence ${before}`,
      );
      last.set(turn, index);
    },
  };
}
