/** Command mode: a few words to be compared with what can be done. */
import { wordsOf } from "./heard.ts";
import { writeNumbers } from "./numbers.ts";
import { editDistance } from "./edit-distance.ts";

/** Options of {@link normaliseCommand}. */
export interface CommandOptions {
  /** BCP 47 tag; numbers are written as figures in English only. */
  readonly language?: string | undefined;
  /** Names and words that are likely; what was heard almost so becomes them. A phrase may have several words. */
  readonly hotWords?: readonly string[];
}

/** Lower case, no punctuation, figures, and hot words as they are spelled (in lower case). */
export function normaliseCommand(text: string, { language, hotWords = [] }: CommandOptions = {}): string {
  const heard = wordsOf(text.normalize("NFC"));
  const words = language === undefined || /^en\b/iu.test(language) ? writeNumbers(heard) : heard;
  const plain = words.flatMap(({ word }) => plainWords(word));
  return snap(plain, hotWords.map(plainWords)).join(" ");
}

function plainWords(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .replaceAll(/(?<!\d)[.,](?!\d)|[^\p{L}\p{N}\p{M}'’%:.,-]/gu, " ")
      .match(/\S+/gu) ?? []
  );
}

function snap(words: readonly string[], hot: readonly (readonly string[])[]): readonly string[] {
  const phrases = hot.filter((phrase) => phrase.length > 0);
  const isHot = new Set(phrases.map((phrase) => phrase.join(" ")));
  const out: string[] = [];
  for (let at = 0; at < words.length;) {
    const found = closestAt(words, at, phrases, isHot);
    if (found === undefined) {
      out.push(words[at] ?? "");
      at += 1;
    } else {
      out.push(...found.phrase);
      at += found.words;
    }
  }
  return out;
}

/** The hot phrase closest to what begins at `at`; a phrase may have been heard as a word more or less. */
function closestAt(
  words: readonly string[],
  at: number,
  phrases: readonly (readonly string[])[],
  isHot: ReadonlySet<string>,
): { readonly phrase: readonly string[]; readonly words: number } | undefined {
  let best: { phrase: readonly string[]; words: number; score: number } | undefined;
  for (const phrase of phrases) {
    const wanted = phrase.join(" ");
    for (let count = Math.max(1, phrase.length - 1); count <= phrase.length + 1; count++) {
      const heard = words.slice(at, at + count);
      if (heard.length < count) break;
      const joined = heard.join(" ");
      if (joined !== wanted && isHot.has(joined)) continue;
      const distance = editDistance(joined, wanted, allowed(wanted));
      if (distance === undefined) continue;
      const score = distance / wanted.length;
      if (best === undefined || score < best.score) best = { phrase, words: count, score };
    }
  }
  return best;
}

/** Short words are easily others: "on" is not "off". */
function allowed(word: string): number {
  return word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
}
