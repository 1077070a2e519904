/** Whoever asks gets the answer to its own question. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "answers-belong-to-their-questions";

export function answersBelongToTheirQuestions(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "answered") return;
      const { asked, reply } = happening;
      demand(asked === reply, NAME, () => `who asked ${asked} got the answer to ${reply}`);
    },
  };
}
