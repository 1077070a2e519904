/** What a language's words say about whether a sentence goes on. All in lower case. */
export interface Lexicon {
  /** Whole turns. */
  readonly whole: ReadonlySet<string>;
  /** Last words after which more must come: articles, prepositions, conjunctions, helping verbs. */
  readonly dangling: ReadonlySet<string>;
  /** As {@link dangling}, of up to three words. */
  readonly danglingPhrases: ReadonlySet<string>;
  /** Endings of up to three words that close although their last word alone would not. */
  readonly wholeEndings: ReadonlySet<string>;
  /** What recognisers write for conjunctions, articles and fillers at whose end the sound was cut: "end" for "and". */
  readonly mishearings: ReadonlySet<string>;
  /** "um" */
  readonly fillers: ReadonlySet<string>;
  /** "please", "thanks" behind what they ask for. */
  readonly courtesies: ReadonlySet<string>;
  /** "turn the light … on": words that close behind one of {@link particleVerbs}. */
  readonly particles: ReadonlySet<string>;
  readonly particleVerbs: ReadonlySet<string>;
  /** What closes a number: "five minutes". */
  readonly units: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
  /** "at seven": a number behind these is a time, and mostly whole. */
  readonly beforeTimes: ReadonlySet<string>;
  /** Conjunctions that send the verb to the end, and helping verbs that close there. None where there is no such order. */
  readonly verbLast: ReadonlySet<string>;
  readonly lastVerbs: ReadonlySet<string>;
  /** Orders that want an object. */
  readonly transitive: ReadonlySet<string>;
  /** First words of questions and of orders. */
  readonly askers: ReadonlySet<string>;
  readonly orders: ReadonlySet<string>;
  /** Orders whose second half comes last: "turn the light …". */
  readonly splitOrders: ReadonlySet<string>;
  /** "if", "when" in front. */
  readonly subordinators: ReadonlySet<string>;
  /** Conjunctions behind which a clause with a verb must come, wherever they stand. */
  readonly clauseOpeners: ReadonlySet<string>;
  /** Articles and what stands in their place. */
  readonly determiners: ReadonlySet<string>;
  /** Words that stand before a noun, and seldom behind all that is said. */
  readonly attributes: ReadonlySet<string>;
  /** Verbs, as they stand in a dictionary, and forms that do not follow from these. Empty: nothing is said of verbs. */
  readonly verbs: ReadonlySet<string>;
  /** Of these, those that want an object behind them. */
  readonly objectVerbs: ReadonlySet<string>;
  /** Of these, those behind which it is open what is wanted, even with an object: "tell my sister". */
  readonly extendedVerbs: ReadonlySet<string>;
  /** "tell", "ask": behind them and a person comes what is told. */
  readonly personVerbs: ReadonlySet<string>;
  readonly persons: ReadonlySet<string>;
  readonly prepositions: ReadonlySet<string>;
  /** Verbs that want more than an object: "set the alarm …", "put the milk …". */
  readonly complementVerbs: ReadonlySet<string>;
  /** "times": behind them a number closes. */
  readonly sums: ReadonlySet<string>;
  /** Numbers that stand for a thing: "the other one". */
  readonly nounNumbers: ReadonlySet<string>;
  /** "I", "we": subjects, and nothing else. */
  readonly subjects: ReadonlySet<string>;
  /** "I think", "not sure": they say that something comes. */
  readonly announcers: ReadonlySet<string>;
  /** Behind "that" of these a clause comes. */
  readonly reporters: ReadonlySet<string>;
  /** What long numbers belong to, said in groups: telephones, accounts. */
  readonly numbered: ReadonlySet<string>;
  /** What shorter ones belong to: codes, rooms. */
  readonly coded: ReadonlySet<string>;
  /** Who goes to be followed by a verb: "to", "please", "can". */
  readonly beforeVerbs: ReadonlySet<string>;
  /** Question words that stand for the object. */
  readonly objectAskers: ReadonlySet<string>;
  /** Conjunctions of lists. */
  readonly listEnds: ReadonlySet<string>;
}

/** Entries from lines of text: words by spaces, or with `,` between phrases. */
export function entries(text: string): ReadonlySet<string> {
  const parts = text.includes(",") ? text.split(",") : text.split(/\s+/u);
  return new Set(parts.map((part) => part.replaceAll(/\s+/gu, " ").trim()).filter((part) => part !== ""));
}

/** Words with their apostrophes and numbers with their points, without other marks. */
export function tokensOf(text: string): readonly string[] {
  return wordsOf(text).map(({ word }) => word);
}

/** A word, and whether a comma stands before it. */
export interface Word {
  readonly word: string;
  readonly isApart: boolean;
}

export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let endsAt = 0;
  for (const { 0: word, index } of text.replaceAll("’", "'").matchAll(/[\p{L}\p{N}]+(?:['.,:][\p{L}\p{N}]+)*/gu)) {
    words.push({ word, isApart: /[,;:.!?]/u.test(text.slice(endsAt, index)) });
    endsAt = index + word.length;
  }
  return words;
}
