/** Recognisers that hear nothing more tend to say the last words again and again. */
import type { Heard } from "./numbers.ts";

/** Longest phrase that is looked for. */
const LONGEST_PHRASE_WORDS = 12;

/** How often people say a phrase of so many words in a row; more is a machine. "No, no, no, no" stays. */
function mostRepeats(words: number): number {
  return words === 1 ? 4 : words === 2 ? 3 : 2;
}

/** Phrases that repeat more often than people do are kept once, with the mark of the last. */
export function trimRepeats(heard: readonly Heard[]): readonly Heard[] {
  const keys = heard.map(({ word }) => word.toLowerCase());
  const out: Heard[] = [];
  for (let at = 0; at < heard.length;) {
    const repeat = repeatAt(keys, at);
    const phrase = heard.slice(at, at + (repeat?.words ?? 1));
    const last = heard[at + (repeat?.words ?? 1) * (repeat?.times ?? 1) - 1];
    const end = phrase.at(-1);
    if (last === undefined || end === undefined) break;
    out.push(...phrase.slice(0, -1), { ...end, tail: last.tail });
    at += phrase.length * (repeat?.times ?? 1);
  }
  return out;
}

function repeatAt(keys: readonly string[], at: number): { readonly words: number; readonly times: number } | undefined {
  for (let words = 1; words <= LONGEST_PHRASE_WORDS && at + words < keys.length; words++) {
    let same = 0;
    while (at + words + same < keys.length && keys[at + words + same] === keys[at + same] && keys[at + same] !== "")
      same++;
    const times = 1 + Math.floor(same / words);
    // Figures are said twice on purpose: "555 555".
    if (times > mostRepeats(words) && /\p{L}/u.test(keys[at] ?? "")) return { words, times };
  }
  return undefined;
}
