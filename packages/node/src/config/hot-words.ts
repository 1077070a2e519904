/** Words that are likely, as they stand in the configuration. */

const MOST = 100;
const LONGEST_CHARS = 64;

/** The words of `stt.hot_words`. */
export function hotWordsOf({ stt }: { readonly stt: { readonly hot_words: string } }): readonly string[] {
  return wordsIn(stt.hot_words);
}

export function areHotWords(list: string): boolean {
  const words = wordsIn(list);
  return words.length <= MOST && words.every((word) => word.length <= LONGEST_CHARS);
}

function wordsIn(list: string): readonly string[] {
  return list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
