/**
 * What forms of a word have in common, lightly: plurals, cases and inflections, no derivations. English: the first and the last step of Porter's
 * algorithm ("An algorithm for suffix stripping", 1980). German: endings of nouns and adjectives after Savoy's light stemmer
 * ("Light stemming approaches for the French, Portuguese, German and Hungarian languages", 2006), and ae, oe, ue as the umlauts
 * they stand for.
 */

/** A language whose forms are known. */
export type StemLanguage = "en" | "de";

/** @param word folded */
export function stemOf(word: string, language: StemLanguage): string {
  // Numbers, and what is written in other letters, have no endings here.
  if (!/^[a-z]{3,}$/.test(word)) return word;
  return language === "en" ? english(word) : german(word);
}

const VOWEL = /[aeiou]|[^aeiou]y/;
/** It ends as "hop" does: a vowel between two consonants. */
const SHORT = /[^aeiou][aeiouy][^aeiouwxy]$/;

function english(word: string): string {
  const plain = withoutE(endless(withoutPlural(word)));
  return plain.endsWith("y") && VOWEL.test(plain.slice(0, -1)) ? `${plain.slice(0, -1)}i` : plain;
}

function withoutPlural(word: string): string {
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (word.endsWith("ies")) return word.length > 4 ? word.slice(0, -2) : word.slice(0, -1);
  if (word.endsWith("ss") || word.endsWith("us") || !word.endsWith("s") || word.length < 4) return word;
  return word.slice(0, -1);
}

function endless(word: string): string {
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const ending = ["ed", "ing"].find((each) => word.endsWith(each));
  if (ending === undefined) return word;
  const stem = word.slice(0, -ending.length);
  if (!VOWEL.test(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  const isDoubled = /([^aeioulsz])\1$/.test(stem);
  if (isDoubled) return stem.slice(0, -1);
  return measure(stem) === 1 && SHORT.test(stem) ? `${stem}e` : stem;
}

/** "leave" as "leav", so that it is one with "leaving". */
function withoutE(word: string): string {
  const stem = word.slice(0, -1);
  if (!word.endsWith("e")) return word;
  const parts = measure(stem);
  return parts > 1 || (parts === 1 && !SHORT.test(stem)) ? stem : word;
}

/** Porter's m: how often a vowel is followed by a consonant. */
function measure(stem: string): number {
  const shape = stem
    .replaceAll(/(?<=[^aeiou])y/g, "a")
    .replaceAll(/[aeiou]+/g, "V")
    .replaceAll(/[^V]+/g, "C");
  return shape.split("VC").length - 1;
}

function german(word: string): string {
  const plain = word.replaceAll(/(?<![aeiouq])([aou])e/g, "$1");
  const single = plain.length > 5 && /[bdfghklmnrt]s$/.test(plain) ? plain.slice(0, -1) : plain;
  const short = single.replace(/(?<=.{3})(?:ern|em|en|er|es|e)$/, "");
  // "Nachbarn", "Kartoffeln".
  return short === single ? single.replace(/(?<=.{3}[lr])n$/, "") : short;
}

/** Words that are in every text of a language, and say nothing of what it is about. */
const COMMON: Readonly<Record<StemLanguage, ReadonlySet<string>>> = {
  en: new Set(
    "a an and are as at be but by can did do does for from had has have he her his how i if in is it its me my no not of on or our she so that the their them then there they this to was we were what when where which who why will with would you your about".split(
      " ",
    ),
  ),
  de: new Set(
    "aber als am an auch auf aus bei bin bist da das dass dem den der des die dir du ein eine einem einen einer es fur hab habe haben hat ich ihr im in ist ja kann kein keine man mein meine mich mir mit nach nicht noch nur oder sein sich sie sind so um und uns von vor war was wann warum wer wie wir wird wo zu zum zur uber".split(
      " ",
    ),
  ),
};

/** Whether a word is in every text. @param word folded */
export function isCommon(word: string): boolean {
  return COMMON.en.has(word) || COMMON.de.has(word);
}

/** What most of the common words are of; undefined: it cannot be told. @param words folded */
export function languageOf(words: readonly string[]): StemLanguage | undefined {
  let balance = 0;
  for (const word of words) balance += Number(COMMON.en.has(word)) - Number(COMMON.de.has(word));
  return balance === 0 ? undefined : balance > 0 ? "en" : "de";
}
