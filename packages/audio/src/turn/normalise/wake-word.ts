/** A wake word said in one breath with what is asked is recognised with it, and is no part of it. */

import { editDistance } from "./edit-distance.ts";

/** Letters that may be wrong in each word: recognisers hear "Hey, Travis" where "hey jarvis" was said. */
const MISHEARD = 2;

/**
 * `text` without the wake word it begins with, if it does. Words that were heard nearly so count; when the first is not
 * there (it was cut off), the rest of the wake word is enough.
 */
export function withoutWakeWord(text: string, wakeWord: string): string {
  const wanted = plain(wakeWord).split(" ").filter(Boolean);
  const said = [...text.matchAll(/\S+/gu)];
  for (let skip = 0; skip < wanted.length; skip += 1) {
    const rest = wanted.slice(skip);
    const isThere = rest.every((word, index) => isNearly(plain(said[index]?.[0] ?? ""), word));
    if (!isThere) continue;
    const next = said[rest.length];
    if (next === undefined) return "";
    const left = text.slice(next.index);
    return left.slice(0, 1).toLocaleUpperCase() + left.slice(1);
  }
  return text;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}\p{N} ]+/gu, "");
}

/** Short words must be right; in long ones {@link MISHEARD} letters may be wrong. */
function isNearly(said: string, wanted: string): boolean {
  if (said === wanted) return true;
  const most = Math.min(MISHEARD, Math.floor(wanted.length / 3));
  return said !== "" && editDistance(said, wanted, most) !== undefined;
}
