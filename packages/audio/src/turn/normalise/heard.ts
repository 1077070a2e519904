/** Text that a recogniser heard, made fit to be read, searched and obeyed. Pure; punctuation and casing it had are kept. */
import { writeNumbers } from "./numbers.ts";
import type { Heard } from "./numbers.ts";
import { trimRepeats } from "./repeats.ts";

/** Options of {@link normaliseHeard}. */
export interface NormaliseOptions {
  /** BCP 47 tag; numbers are written as figures in English only. */
  readonly language?: string | undefined;
  /** Leaves out "um", "uh", "äh" and the like. Default false: a transcript is what was said. */
  readonly dropFillers?: boolean;
  /** Writes "twenty five" as 25. Default true. */
  readonly numbers?: boolean;
}

const FILLERS = new Set("um umm uh uhm uhh erm er hmm mhm äh ähm öhm hm".split(" "));

/**
 * One final transcript: what a recogniser repeats in its sleep is said once, numbers are figures, spaces stand where they
 * belong, and sentences begin with a capital.
 */
export function normaliseHeard(text: string, options: NormaliseOptions = {}): string {
  const { language, dropFillers = false, numbers = true } = options;
  let words = trimRepeats(wordsOf(text));
  if (dropFillers) words = withoutFillers(words);
  if (numbers && (language === undefined || /^en\b/iu.test(language))) words = writeNumbers(words);
  return sentenceCase(tidyHeard(words.map(({ lead, word, tail }) => lead + word + tail).join(" ")));
}

/** The words of `text`, each with the marks at its ends. */
export function wordsOf(text: string): readonly Heard[] {
  return (text.match(/\S+/gu) ?? []).map((token) => {
    const lead = /^[^\p{L}\p{N}\p{M}$€£+#-]*/u.exec(token)?.[0] ?? "";
    const rest = token.slice(lead.length);
    let end = rest.length;
    while (end > 0 && /[^\p{L}\p{N}\p{M}%°]/u.test(rest[end - 1] ?? "")) end -= 1;
    // "a.m." keeps its last stop as a mark, so that it still may end the sentence.
    return { lead, word: rest.slice(0, end), tail: rest.slice(end) };
  });
}

function withoutFillers(words: readonly Heard[]): readonly Heard[] {
  const out: Heard[] = [];
  for (const word of words) {
    if (!FILLERS.has(word.word.toLowerCase())) {
      out.push(word);
      continue;
    }
    // "I, um, think": both commas go; "That was, um." keeps its stop.
    const before = out.at(-1);
    const stop = word.tail.replaceAll(/[,…-]/gu, "");
    if (before === undefined) continue;
    const tail = before.tail === "," || stop !== "" ? before.tail.replace(/,$/u, "") + stop : before.tail;
    out[out.length - 1] = { ...before, tail };
  }
  return out;
}

/** Spaces before words, not before the marks that close; one in a row. */
export function tidyHeard(text: string): string {
  return text
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/ ([,.;:!?…)\]}”’]+)(?=\s|$)/gu, "$1")
    .replaceAll(/([([{“‘]) /gu, "$1")
    .trim();
}

/** A capital at the beginning of each sentence, and for the English "i". */
export function sentenceCase(text: string): string {
  return text
    .replaceAll(/(^|[.!?…]["'”’)]? )(["'“‘(]?)(\p{Ll})/gu, (_, before: string, quote: string, letter: string) => {
      return before + quote + letter.toUpperCase();
    })
    .replaceAll(/(?<![\p{L}\p{N}.-])i(?=$|['’ ,])(?!\.)/gu, "I");
}
