/** The part of a text that shows why it was found. */
import type { Query } from "./query.ts";
import { languageOf } from "./stems.ts";
import { isLookedFor } from "./text-index.ts";
import { wordsOf } from "./words.ts";

/** A place in a text, in UTF-16 code units: `start` to before `end`. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface Snippet {
  /** A piece of the text as it is. */
  readonly text: string;
  /** Where in the whole text it begins. */
  readonly start: number;
  /** What was looked for, within the piece. */
  readonly marks: readonly Place[];
}

/** Characters of a snippet, about. */
const LENGTH = 160;

/** The piece of `text` with the most of what is looked for; its beginning where there is none. */
export function snippetOf(text: string, query: Query): Snippet {
  const words = wordsOf(text);
  const language = languageOf(words.map(({ word }) => word));
  const marks = words.filter(({ word }) => isLookedFor(word, language, query));
  let best = { from: 0, count: 0 };
  let last = 0;
  for (let first = 0; first < marks.length; first += 1) {
    const from = marks[first]?.start ?? 0;
    while (last < marks.length && (marks[last]?.end ?? 0) <= from + LENGTH) last += 1;
    const within = marks.slice(first, last);
    // Different words tell more than one word again and again.
    const count = within.length + LENGTH * new Set(within.map(({ word }) => word)).size;
    if (count > best.count) best = { from, count };
  }
  const { start, end } = piece(text, words, best.from);
  return {
    text: text.slice(start, end),
    start,
    marks: marks
      .filter((mark) => mark.start >= start && mark.end <= end)
      .map((mark) => ({ start: mark.start - start, end: mark.end - start })),
  };
}

/** It begins and ends with whole words, some of them before what was found. */
function piece(text: string, words: readonly Place[], from: number): Place {
  if (text.length <= LENGTH) return { start: 0, end: text.length };
  const wanted = Math.max(0, Math.min(from - LENGTH / 4, text.length - LENGTH));
  const start = wanted === 0 ? 0 : Math.min(from, words.find((word) => word.start >= wanted)?.start ?? from);
  const until = start + LENGTH;
  const end = until >= text.length ? text.length : (words.findLast((word) => word.end <= until)?.end ?? until);
  return { start, end: Math.max(end, Math.min(text.length, start + 1)) };
}
