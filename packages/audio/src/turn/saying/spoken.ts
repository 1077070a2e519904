/** What is said of a written text, word for word, and how far each word reaches in what was written. */
import type { Traced } from "./traced.ts";

/** One word as it is said. */
export interface SpokenWord {
  /** With the punctuation that clings to it. */
  readonly text: string;
  /** Where it begins in {@link Spoken.text}. */
  readonly at: number;
  /**
   * When this word was the last one heard, that many UTF-16 units of {@link Spoken.written} were heard. Where several words
   * say one written thing ("three dollars fifty" for "$3.50"), only the last of them reaches behind it.
   */
  readonly writtenEnd: number;
}

/** A written text and what is said of it. */
export interface Spoken {
  readonly written: string;
  /** What goes to the voice; empty when there is nothing to say. */
  readonly text: string;
  readonly words: readonly SpokenWord[];
}

/** White space separates words; Chinese, Japanese and Thai have none, and there a character counts as one. */
const WORD =
  /(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])\S)+)[\p{P}\p{M}]*/gu;

/** The words of `said`, which was made from `written`. */
export function spokenOf(said: Traced, written: string): Spoken {
  const found = [...said.text.matchAll(WORD)].filter(([word]) => /[\p{L}\p{N}]/u.test(word));
  const words: SpokenWord[] = [];
  // From behind, so that each word knows where what follows begins.
  let next = written.length;
  for (const match of found.toReversed()) {
    const to = said.to[match.index + match[0].length - 1] ?? 0;
    words.push({ text: match[0], at: match.index, writtenEnd: reach(written, to, next) });
    next = Math.min(next, said.from[match.index] ?? 0);
  }
  return { written, text: said.text, words: words.toReversed() };
}

/** How far a word reaches that stands for what is written up to `to`, the next word beginning at `next`. */
function reach(written: string, to: number, next: number): number {
  // It says only the first part of what it stands for: nothing of that was heard yet.
  if (to > next) return written.slice(0, next).trimEnd().length;
  let at = to;
  while (at < next && /\S/u.test(written[at] ?? " ")) at += 1;
  // Marks that are not said (a closing `**`) belong to the word they stand at, but not those that open the next one.
  return at === next && next < written.length ? to : at;
}
