/** How likely what was said so far is all of it. The port, and the light default that reads the partial transcript. */
import { primaryLanguage } from "../language.ts";
import { ENGLISH } from "./english.ts";
import { GERMAN } from "./german.ts";
import { wordsOf } from "./lexicon.ts";
import type { Lexicon } from "./lexicon.ts";
import { judge } from "./syntax.ts";

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
const DOUBTFUL = 0.6;
/** Who writes by voice goes on after most sentences. */
const MOST_IN_DICTATION = 0.6;

/** The default judge. Total; linear in the text. */
export const endOfTurnScore: EndOfTurnScore = (text, { language, mode }) => {
  const lexicon = lexiconOf(language);
  const said = text.trim().slice(-LONGEST_CHARS);
  if (said === "") return UNKNOWN;
  const isOpen = /(?:[:;–—-]|\.\.\.|…)["'”’»)]?$/u.test(said);
  const asks = /[?？]["'”’»)]?$/u.test(said);
  if (lexicon === undefined) return isOpen || /[,，、]$/u.test(said) ? 0.2 : asks ? 0.8 : UNKNOWN;
  const words = wordsOf(said.toLowerCase());
  const score = words.length === 0 ? UNKNOWN : judge(words, lexicon);
  // Where the sound was cut recognisers put full stops and commas behind whole sentences and begun ones: a comma weighs little,
  // and only in doubt. Other marks are meant.
  if (/[,，]$/u.test(said) && score >= 0.45 && score < DOUBTFUL) return 0.9 * score;
  if (isOpen) return Math.min(score, 0.2);
  // A voice that rises because it goes on is written as a question, too; one that asks by its words is one.
  if (asks && score >= DOUBTFUL) return Math.max(score, 0.85);
  return mode === "dictation" ? Math.min(score, MOST_IN_DICTATION) : score;
};

function lexiconOf(language: string): Lexicon | undefined {
  const primary = primaryLanguage(language);
  return primary === "en" ? ENGLISH : primary === "de" ? GERMAN : undefined;
}
