/**
 * Whether a sentence can be over where it stands: general rules of syntax over what a lexicon says of words. Recognisers hear
 * single words wrong, so that no rule looks at more than a few of them.
 */
import type { Lexicon, Word } from "./lexicon.ts";

/** They surely go on, probably go on, may go on; have probably, surely finished. */
const OPEN = 0.05;
const LIKELY_OPEN = 0.15;
const MAY_GO_ON = 0.35;
const MAY_BE_OVER = 0.45;
const LIKELY_WHOLE = 0.85;
const WHOLE = 0.92;

/** A sentence under judgement. */
interface Sentence {
  readonly words: readonly Word[];
  /** The same as plain text. */
  readonly plain: readonly string[];
  readonly lexicon: Lexicon;
}

type Rule = (sentence: Sentence) => number | undefined;

/** 0 to 1 for `words`, of which there must be at least one, in lower case. */
export function judge(words: readonly Word[], lexicon: Lexicon): number {
  const sentence = { words, plain: words.map(({ word }) => word), lexicon };
  for (const rule of RULES) {
    const score = rule(sentence);
    if (score !== undefined) return score;
  }
  return 0.5;
}

const at = (words: readonly string[], place: number): string => words.at(place) ?? "";

/** Listed turns, and the courtesies behind them. */
const listed: Rule = ({ words, plain, lexicon }) => {
  if (lexicon.whole.has(plain.join(" "))) return 0.97;
  // "…, please": what counts is what it stands behind.
  if (plain.length > 1 && lexicon.courtesies.has(at(plain, -1))) {
    const before = judge(words.slice(0, -1), lexicon);
    return before <= 0.2 ? before : Math.max(0.8, before);
  }
  return lexicon.fillers.has(at(plain, -1)) ? OPEN : undefined;
};

/** "call my wife end": a word that may have been another, whatever sense it makes. */
const misheard: Rule = ({ plain, lexicon }) => {
  const last = at(plain, -1);
  if (plain.length < 2 || !lexicon.mishearings.has(last)) return undefined;
  // "turn the radio off", "wake them": closed by a verb's own particle.
  const closes = lexicon.particles.has(last) && plain.some((word) => lexicon.particleVerbs.has(word));
  return closes || lexicon.determiners.has(at(plain, -2)) || lexicon.dangling.has(last) ? undefined : MAY_BE_OVER;
};

/** "if it rains, …": the main clause counts, once there is one. */
const subordinateFirst: Rule = ({ words, plain, lexicon }) => {
  const [first = "", second = ""] = plain;
  if (!lexicon.subordinators.has(first) || lexicon.verbs.size === 0) {
    return lexicon.subordinators.has(first) && !hasSecondClause(words) ? LIKELY_OPEN : undefined;
  }
  // "when is …" asks.
  if (lexicon.askers.has(first) && lexicon.askers.has(second)) return undefined;
  const verbAt = plain.findIndex((_, n) => n > 0 && isVerbAt(plain, n, lexicon));
  // "after dinner we …": there needs to be no clause.
  const isPhrase = lexicon.prepositions.has(first);
  for (let from = isPhrase ? 2 : 3; from < words.length; from += 1) {
    const word = at(plain, from);
    if (lexicon.beforeVerbs.has(at(plain, from - 1))) continue;
    const isApart = words[from]?.isApart === true && words.length - from > 1;
    const begins = lexicon.orders.has(word) || lexicon.subjects.has(word) || lexicon.askers.has(word);
    const afterVerb = verbAt !== -1 && verbAt < from;
    if (isApart || (begins && (afterVerb || isPhrase))) return judge(words.slice(from), lexicon);
  }
  return LIKELY_OPEN;
};

function hasSecondClause(words: readonly Word[]): boolean {
  const from = words.findLastIndex(({ isApart }) => isApart);
  return from > 2 ? words.length - from > 1 : words.length >= 6;
}

/** Articles, prepositions, conjunctions, helping verbs and phrases with which nothing ends. */
const dangles: Rule = ({ plain, lexicon }) => {
  const said = asMeant(plain, lexicon);
  const tail = said.slice(-3);
  const last = at(said, -1);
  // "tell me what this is"
  const asks = said.findLastIndex((word, n) => n > 0 && lexicon.objectAskers.has(word));
  if (asks !== -1 && asks >= said.length - 4 && asks < said.length - 2 && lexicon.verbs.has(last)) return 0.8;
  for (let from = 0; from < tail.length; from += 1) {
    const phrase = tail.slice(from).join(" ");
    if (lexicon.danglingPhrases.has(phrase)) return OPEN;
    if (lexicon.wholeEndings.has(phrase) && said.length > tail.length - from) {
      // "the light is on" is whole, "the concert is on" is not: only a question is sure.
      return lexicon.dangling.has(last) && !begins(said, lexicon)
        ? 0.4
        : announcesClause(said, lexicon)
          ? OPEN
          : asWritten(said, lexicon);
    }
  }
  if (lexicon.persons.has(last) && lexicon.personVerbs.has(at(said, -2))) return OPEN;
  if (lexicon.particles.has(last) && said.length > 2 && said.some((word) => lexicon.particleVerbs.has(word)))
    return WHOLE;
  // "…, dass ich später komme": where the verb comes last, it closes.
  if (lexicon.lastVerbs.has(last) && said.slice(1, -2).some((word) => lexicon.verbLast.has(word))) return LIKELY_WHOLE;
  // "the second of May"
  const isDate = lexicon.units.has(last) && at(said, -2) === "of";
  return lexicon.dangling.has(last) && !isDate ? 0.08 : undefined;
};

/** "remind me too": a recogniser that hears "to" at the end writes what may stand there. */
function asMeant(words: readonly string[], lexicon: Lexicon): readonly string[] {
  const last = at(words, -1);
  if (words.length < 2 || !["too", "two", "2"].includes(last)) return words;
  const before = at(words, -2);
  const wantsVerb = lexicon.persons.has(before) && lexicon.personVerbs.has(at(words, -3));
  const phrase = `${before} to`;
  return wantsVerb || [...lexicon.danglingPhrases].some((each) => each.endsWith(phrase))
    ? [...words.slice(0, -1), "to"]
    : words;
}

/**
 * Behind these words a sentence may be over, and recognisers write them for articles and prepositions that are cut short
 * ("turn up those", "drive me to this"): the longer the sentence, the more likely.
 */
function asWritten(words: readonly string[], lexicon: Lexicon): number {
  return words.length <= 3 || lexicon.objectAskers.has(at(words, 0)) ? 0.9 : 0.6;
}

function begins(words: readonly string[], { askers, orders }: Lexicon): boolean {
  const [first = ""] = words;
  return askers.has(first) || orders.has(first);
}

/** "remind me that", "she said that". */
function announcesClause(words: readonly string[], lexicon: Lexicon): boolean {
  return at(words, -1) === "that" && !lexicon.objectAskers.has(at(words, 0)) && lexicon.reporters.has(at(words, -2));
}

/** "because the bus": behind these a clause with a verb must come. */
const clauseBegun: Rule = ({ plain, lexicon }) => {
  const opens = plain.findLastIndex((word, n) => n > 0 && lexicon.clauseOpeners.has(word));
  if (opens === -1) return undefined;
  const clause = plain.slice(opens + 1);
  const least = lexicon.objectAskers.has(at(plain, opens)) || at(plain, opens) === "who" ? 1 : 2;
  return clause.length < least || !hasVerb(clause, lexicon) ? LIKELY_OPEN : undefined;
};

/** "I think", "do you know": they say that something comes. */
const announced: Rule = ({ plain, lexicon }) => {
  if (!lexicon.announcers.has(at(plain, -1)) || lexicon.objectAskers.has(at(plain, 0))) return undefined;
  return plain.length <= 6 ? LIKELY_OPEN : MAY_GO_ON;
};

/** "remind me to buy": a verb without the object that it wants. */
const objectMissing: Rule = ({ plain, lexicon }) => {
  const last = at(plain, -1);
  if (!isVerb(last, lexicon.objectVerbs)) return undefined;
  if (plain.length > 1 && !lexicon.beforeVerbs.has(at(plain, -2))) return undefined;
  // "what should I buy" has it in front.
  return lexicon.objectAskers.has(at(plain, 0)) ? undefined : LIKELY_OPEN;
};

/** "find a good": what stands before a noun. */
const nounMissing: Rule = ({ plain, lexicon }) => {
  if (!lexicon.attributes.has(at(plain, -1))) return undefined;
  const before = at(plain, -2);
  return lexicon.determiners.has(before) || lexicon.attributes.has(before) ? 0.2 : undefined;
};

/** Numbers are said in groups, and want their unit. */
const numbered: Rule = ({ plain, lexicon }) => {
  const last = at(plain, -1);
  if (lexicon.units.has(last)) {
    // "on Monday …", "from Monday … to Thursday"
    const isHalf = at(plain, -2) === "from" || (plain.length < 4 && lexicon.prepositions.has(at(plain, 0)));
    // "on Friday … the tenth", "on Friday … at nine"
    return isHalf ? MAY_GO_ON : at(plain, -2) === "on" ? 0.65 : LIKELY_WHOLE;
  }
  if (!isNumber(last, lexicon)) return undefined;
  if (plain.slice(0, -1).some((word) => lexicon.sums.has(word))) return LIKELY_WHOLE;
  if (lexicon.nounNumbers.has(last) && !isNumber(at(plain, -2), lexicon) && !lexicon.prepositions.has(at(plain, -2))) {
    return undefined;
  }
  const from = plain.findLastIndex((word) => !isNumber(word, lexicon));
  const before = at(plain, from);
  const count = plain.length - from - 1;
  // "at seven thirty"; but "I live at thirty" is an address, and a timer wants its unit.
  const isTime = lexicon.beforeTimes.has(before) && at(plain, from - 1) !== "live" && !plain.includes("timer");
  if (isTime) return count > 1 ? 0.7 : 0.55;
  if (plain.some((word) => lexicon.numbered.has(word))) return digitsOf(plain, lexicon) >= 10 ? 0.8 : 0.2;
  if (plain.some((word) => lexicon.coded.has(word))) return digitsOf(plain, lexicon) >= 4 ? 0.6 : 0.2;
  return count > 1 ? 0.25 : 0.3;
};

/** How many digits were said, in figures or in words. */
function digitsOf(words: readonly string[], lexicon: Lexicon): number {
  let digits = 0;
  for (const word of words) {
    digits += word.replaceAll(/\P{N}/gu, "").length + (/^\p{L}/u.test(word) && isNumber(word, lexicon) ? 1 : 0);
  }
  return digits;
}

function isNumber(word: string, lexicon: Lexicon): boolean {
  return /^\p{N}/u.test(word) || lexicon.numbers.has(word.replace(/-.*/u, ""));
}

/** "milk, eggs": a list has an end with "and". */
const listGoesOn: Rule = ({ words, plain, lexicon }) => {
  const apart = words.findLastIndex(({ isApart }) => isApart);
  // What stands behind the comma is a thing, no clause, and no "and" came yet.
  if (apart < 2 || words.length - apart > 2 || lexicon.askers.has(at(plain, 0))) return undefined;
  const item = plain.slice(apart);
  const isNone = (word: string): boolean =>
    lexicon.listEnds.has(word) || lexicon.subjects.has(word) || lexicon.orders.has(word) || word === at(plain, 0);
  if (item.some(isNone) || hasVerb(item, lexicon) || lexicon.determiners.has(at(item, 0))) return undefined;
  return plain.slice(0, apart).some((word) => lexicon.fillers.has(word)) ? undefined : 0.2;
};

/** What is left is judged by its kind and its length: the longer, the more of what it asks for has been said. */
const byKind: Rule = (sentence) => {
  const { plain, lexicon } = sentence;
  const [first = "", second = ""] = plain;
  if (lexicon.transitive.has(plain.join(" "))) return LIKELY_OPEN;
  if (lexicon.askers.has(first)) return ofQuestion(sentence);
  if (lexicon.orders.has(first)) return ofOrder(sentence);
  if (plain.length === 1) return lexicon.courtesies.has(first) ? 0.25 : 0.45;
  if (lexicon.verbs.size === 0) return 0.55;
  // Only a thing is named, or a place or a time: what of it?
  if (!hasVerb(plain, lexicon)) return 0.3;
  // "she works", "we met"
  const isBare = plain.length === 2 && lexicon.subjects.has(first) && isVerb(second, lexicon.verbs);
  return isBare ? MAY_GO_ON : 0.5;
};

function ofQuestion({ plain, lexicon }: Sentence): number {
  const length = Math.min(plain.length, 6);
  const score = [0.3, 0.3, 0.45, 0.7, 0.8, LIKELY_WHOLE, LIKELY_WHOLE][length] ?? 0.5;
  // "what kind of music", "which train": of a thing, nothing is asked yet; but "what about" needs no verb.
  const names = lexicon.verbs.size > 0 && !hasVerb(plain, lexicon) && !lexicon.prepositions.has(at(plain, 1));
  return names ? LIKELY_OPEN : score;
}

function ofOrder({ plain, lexicon }: Sentence): number {
  const [first = "", second = ""] = plain;
  const isParticle = (word: string): boolean => lexicon.particles.has(word) && !lexicon.determiners.has(word);
  if (lexicon.splitOrders.has(first) && !plain.some(isParticle)) return 0.45;
  // "tell Anna", "ask my sister": what?
  const isPerson = lexicon.personVerbs.has(first) && plain.length <= (lexicon.determiners.has(second) ? 3 : 2);
  if (isPerson && first !== "send" && first !== "get") return 0.2;
  const isSettled = (word: string): boolean => lexicon.prepositions.has(word) || lexicon.units.has(word);
  if (lexicon.complementVerbs.has(first) && !plain.slice(1).some(isSettled)) return 0.3;
  const length = Math.min(plain.length, 6);
  const scores = lexicon.extendedVerbs.has(first)
    ? [0.3, 0.3, 0.45, 0.55, 0.65, 0.75, 0.8]
    : [0.3, 0.3, 0.75, 0.85, 0.88, 0.88, 0.88];
  return scores[length] ?? 0.5;
}

function hasVerb(words: readonly string[], lexicon: Lexicon): boolean {
  return words.some((_, n) => isVerbAt(words, n, lexicon));
}

/** Whether a word is used as a verb: behind an article it is a noun. */
function isVerbAt(words: readonly string[], n: number, { determiners, attributes, verbs }: Lexicon): boolean {
  const before = words[n - 1] ?? "";
  return !determiners.has(before) && !attributes.has(before) && isVerb(words[n] ?? "", verbs);
}

function isVerb(word: string, verbs: ReadonlySet<string>): boolean {
  if (verbs.has(word) || /'(?:s|m|re|ve|d|ll|t)$/u.test(word)) return true;
  const stem = /^(.+?)(?:es|s|ed|d|ing)$/u.exec(word)?.[1];
  if (stem === undefined || stem.length < 3) return false;
  return verbs.has(stem) || verbs.has(`${stem}e`) || (stem.at(-1) === stem.at(-2) && verbs.has(stem.slice(0, -1)));
}

const RULES: readonly Rule[] = [
  listed,
  misheard,
  subordinateFirst,
  dangles,
  clauseBegun,
  announced,
  objectMissing,
  nounMissing,
  numbered,
  listGoesOn,
  byKind,
];
