/** Whoever answers, and however often the answer was gone on with elsewhere: it is the one that nobody disturbed, all of it and nothing else. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { answersTo, soundMsOf } from "../script.ts";

const NAME = "answers-are-the-undisturbed";
/** Where a sentence is gone on with in its middle, sound is cut at whole samples. */
const ROUNDED_MS = 5;

export function answersAreTheUndisturbed(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "answered") return;
      const { turn, text, sentences, soundMs } = happening.given;
      const right = answersTo(turn).find((each) => each.join(" ") === text);
      demand(right !== undefined, NAME, () => `${turn.question} was answered with "${text}"`);
      if (!turn.speak) return;
      const said = sentences.map((sentence) => sentence.text).join(" | ");
      demand(said === right.join(" | "), NAME, () => `of ${turn.question} these were said: ${said}`);
      const rightMs = right.reduce((sum, sentence) => sum + soundMsOf(sentence), 0);
      demand(
        Math.abs(soundMs - rightMs) <= ROUNDED_MS,
        NAME,
        () => `of ${turn.question} there were ${soundMs} ms of sound, not ${rightMs} ms`,
      );
    },
  };
}
