/** Words of a text as they are looked for: small, without marks on their letters, and where they stood. */

/** A word, and where in the text it stands: `start` to before `end`, in UTF-16 code units. */
export interface PlacedWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Scripts that put no spaces between words: each sign is looked for by itself. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}])+/gu;

/** Letters that are no other letter with a mark. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ı: "i",
  þ: "th",
  ð: "d",
};
const SPECIAL = /[ßæœøłđıþð]/g;

export function wordsOf(text: string): readonly PlacedWord[] {
  return Array.from(text.matchAll(WORD), ({ 0: written, index }) => ({
    word: folded(written),
    start: index,
    end: index + written.length,
  })).filter(({ word }) => word !== "");
}

/** "Äpfel" as "apfel", "ﬁn" as "fin". */
export function folded(word: string): string {
  return word
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(SPECIAL, (letter) => LETTERS[letter] ?? letter);
}
