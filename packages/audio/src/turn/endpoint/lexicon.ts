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
}

/** Entries from lines of text: words by spaces, or with `,` between phrases. */
export function entries(text: string): ReadonlySet<string> {
  const parts = text.includes(",") ? text.split(",") : text.split(/\s+/u);
  return new Set(parts.map((part) => part.replaceAll(/\s+/gu, " ").trim()).filter((part) => part !== ""));
}

/** Words with their apostrophes and numbers with their points, without other marks. */
export function tokensOf(text: string): readonly string[] {
  return text.replaceAll("’", "'").match(/[\p{L}\p{N}]+(?:['.,:][\p{L}\p{N}]+)*/gu) ?? [];
}
