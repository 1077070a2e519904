/** How likely what was said so far is all of it. The port, and the light default that reads the partial transcript. */
import { ENGLISH } from "./english.ts";
import { GERMAN } from "./german.ts";
import { tokensOf } from "./lexicon.ts";
import type { Lexicon } from "./lexicon.ts";

/** What is known beside the text. */
export interface TurnContext {
  /** BCP 47; rules are for English and German. */
  readonly language: string;
  /** Short orders and questions, or a text that is being written by voice. */
  readonly mode: "command" | "dictation";
}

/**
 * Judges a partial transcript: 0 they surely go on, 1 they surely have finished, 0.5 no idea. A judge that takes its time (a
 * network in another process) gives its score with the transcript instead.
 */
export type EndOfTurnScore = (text: string, context: TurnContext) => number;

/** Only the end and the beginning tell, and transcripts may be long. */
const LONGEST_CHARS = 4000;

const UNKNOWN = 0.5;

/** The default judge. Total; linear in the text. */
export const endOfTurnScore: EndOfTurnScore = (text, { language, mode }) => {
  const lexicon = lexiconOf(language);
  const said = text.trim().slice(-LONGEST_CHARS);
  if (said === "") return UNKNOWN;
  const open = /(?:[,;:–—-]|\.\.\.|…)["'”’»)]?$/u.test(said);
  const asks = /[?？]["'”’»)]?$/u.test(said);
  if (lexicon === undefined) return open ? 0.2 : asks ? 0.8 : UNKNOWN;
  const words = tokensOf(said.toLowerCase());
  const score = words.length === 0 ? UNKNOWN : judge(words, lexicon);
  // Recognisers put a full stop behind every stretch of speech, so it tells nothing; other marks they mean.
  if (open) return Math.min(score, 0.2);
  if (asks && score >= UNKNOWN) return Math.max(score, 0.85);
  // Who writes by voice goes on after most sentences.
  return mode === "dictation" ? Math.min(score, 0.6) : score;
};

function lexiconOf(language: string): Lexicon | undefined {
  const [primary] = language.toLowerCase().split(/[-_]/u, 1);
  return primary === "en" ? ENGLISH : primary === "de" ? GERMAN : undefined;
}

function judge(words: readonly string[], lexicon: Lexicon): number {
  const text = words.join(" ");
  if (lexicon.whole.has(text)) return 0.97;
  const last = words.at(-1) ?? "";
  const tail = words.slice(-3);
  // "…, please": what counts is what it stands behind.
  if (words.length > 1 && lexicon.courtesies.has(last)) {
    const before = judge(words.slice(0, -1), lexicon);
    return before <= 0.2 ? before : Math.max(0.8, before);
  }
  if (lexicon.fillers.has(last)) return 0.05;
  for (let from = 0; from < tail.length; from += 1) {
    const phrase = tail.slice(from).join(" ");
    if (lexicon.danglingPhrases.has(phrase)) return 0.05;
    if (lexicon.wholeEndings.has(phrase) && words.length > tail.length - from) return 0.9;
  }
  if (lexicon.particles.has(last) && words.length > 2 && words.some((word) => lexicon.particleVerbs.has(word)))
    return 0.92;
  // "…, dass ich später komme": where the verb comes last, it closes.
  if (lexicon.lastVerbs.has(last) && words.slice(1, -2).some((word) => lexicon.verbLast.has(word))) return 0.85;
  if (lexicon.dangling.has(last)) return 0.08;
  if (lexicon.units.has(last)) return 0.85;
  if (isNumber(last, lexicon)) {
    const before = words.at(-2) ?? "";
    return lexicon.beforeTimes.has(before) ? 0.65 : isNumber(before, lexicon) ? 0.3 : 0.4;
  }
  const [first = ""] = words;
  if (lexicon.transitive.has(text)) return 0.15;
  if (lexicon.splitOrders.has(first) && !words.some((word) => lexicon.particles.has(word))) return 0.45;
  // The longer, the more of what it asks for has been said.
  const length = Math.min(words.length, 6);
  if (lexicon.askers.has(first)) return [0.3, 0.3, 0.4, 0.6, 0.75, 0.8, 0.85][length] ?? UNKNOWN;
  if (lexicon.orders.has(first)) return [0.3, 0.3, 0.5, 0.65, 0.75, 0.8, 0.8][length] ?? UNKNOWN;
  // A subordinate clause in front wants its main clause.
  if (lexicon.subordinators.has(first) && words.length < 6) return 0.3;
  return words.length === 1 ? 0.45 : 0.62;
}

function isNumber(word: string, lexicon: Lexicon): boolean {
  return /^\p{N}/u.test(word) || lexicon.numbers.has(word);
}
