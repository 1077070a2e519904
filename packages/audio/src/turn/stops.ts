/**
 * Where a sentence ends. Pure rules over a text that may still be growing: each looks at most {@link LOOK_AHEAD_CHARS}
 * beyond the place it judges and says "wait" until what it has seen cannot be judged otherwise by what may follow.
 */

/** How far behind a stop the rules look. */
export const LOOK_AHEAD_CHARS = 32;

/** The position just behind the sentence, or that it goes on, or that more text must be seen. */
export type Verdict = number | "none" | "wait";

/** What lies around the place that is judged. */
export interface Sight {
  readonly text: string;
  /** No more text will follow. */
  readonly final: boolean;
}

/** Also those of Arabic, Urdu, Hindi, Armenian, Burmese, Khmer, Tibetan and Amharic. */
const STOP = /[.!?…。！？｡؟۔।॥։။៕།።፧\u{37e}]/u;
const WIDE_STOP = /[。！？｡]/u;
/**
 * Directly behind a stop, also the marks that open elsewhere: German closes with “ and «. Tested on single code units: the
 * halves of a surrogate pair stand for emoji here.
 */
const CLOSER = /["'”’“‘»«›‹)\]}」』）】*_~`\ud800-\udfff]|\u{200d}|\u{fe0f}/u;
const QUOTE = /["'”’“‘»«›‹)\]」』）】]/u;
const LOWER = /\p{Ll}/u;

/** True for a character that may end a sentence. */
export function isStop(char: string): boolean {
  return STOP.test(char);
}

/**
 * Judges the stop at `at`. `line` is its line up to the stop, for numbered lists.
 * Quotes, brackets, markdown marks and emoji that close behind the stop, and the white space behind them, belong to it.
 */
export function judgeStop({ text, final }: Sight, at: number, line: string): Verdict {
  const limit = Math.min(text.length, at + LOOK_AHEAD_CHARS);
  const isWhole = final || text.length >= at + LOOK_AHEAD_CHARS;
  const stopsEnd = skipWhile(text, at, limit, isStop);
  let closersEnd = skipWhile(text, stopsEnd, limit, (char) => CLOSER.test(char));
  if (closersEnd === limit && !isWhole) return "wait";
  // Chinese and Japanese put no space behind a stop.
  if (WIDE_STOP.test(text.slice(at, stopsEnd))) return closersEnd;
  // French sets its quotes off with a space: « Vraiment ? »
  const spaced = skipWhile(text, closersEnd, limit, isSpace);
  if (closersEnd === stopsEnd && spaced > closersEnd && spaced < limit && text[spaced] === "»") closersEnd = spaced + 1;
  const next = skipWhile(text, closersEnd, limit, isSpace);
  if (next === limit) return isWhole ? beforeIndent({ text, final }, closersEnd, next) : "wait";
  if (next === closersEnd) return "none";
  // Dots that are set apart are one ellipsis, which is judged at its last.
  if (text[next] === "." && !text.slice(closersEnd, next).includes("\n")) {
    if (next + 1 === limit && !isWhole) return "wait";
    if (next + 1 === limit || isSpace(text[next + 1] ?? "")) return "none";
  }
  if (text.slice(closersEnd, next).includes("\n")) return beforeIndent({ text, final }, closersEnd, next);
  const ends = endsSentence({
    stops: text.slice(at, stopsEnd),
    closers: text.slice(stopsEnd, closersEnd),
    word: wordBefore(text, at),
    line,
    next: text.slice(next, Math.min(next + 3, limit)),
    isNextWhole: isWhole || text.length >= next + 3,
  });
  return ends === "wait" ? "wait" : ends ? next : "none";
}

/** Judges the line end at `at`: a sentence goes on over it only where plain text goes on in lower case. */
export function judgeNewline({ text, final }: Sight, at: number, line: string): Verdict {
  const limit = Math.min(text.length, at + LOOK_AHEAD_CHARS);
  const next = skipWhile(text, at, limit, isSpace);
  if (next === limit) {
    return final || text.length >= at + LOOK_AHEAD_CHARS ? beforeIndent({ text, final }, at, next) : "wait";
  }
  const isParagraph = text.slice(at + 1, next).includes("\n");
  const goesOn = !isParagraph && LOWER.test(text[next] ?? "") && !isItem(line);
  return goesOn ? "none" : beforeIndent({ text, final }, at, next);
}

/** Of the white space from `from` to `to`, what indents the next line belongs to that: it tells fences and items. */
function beforeIndent({ text, final }: Sight, from: number, to: number): number {
  const newline = final && to === text.length ? -1 : text.lastIndexOf("\n", to - 1);
  return newline < from ? to : newline + 1;
}

/** Judges a place where the first chunk may be cut early: a comma, colon, semicolon or dash with what it needs behind it. */
export function judgeClause({ text, final }: Sight, at: number): Verdict {
  const char = text[at] ?? "";
  if (/[，、；：—]/u.test(char)) return at + 1;
  if (!/[,;:–،؛፣]/u.test(char)) return "none";
  const next = text[at + 1];
  if (next === undefined) return final ? "none" : "wait";
  return isSpace(next) ? at + 2 : "none";
}

/** English and German words that begin a new thought, so that a voice may breathe before them. */
const CONJUNCTIONS = new Set(
  (
    "and but or because so which while when if although though since until where unless whereas before after whether " +
    "und aber oder weil denn dass damit während wenn obwohl sondern sodass bevor nachdem falls sobald solange"
  ).split(" "),
);

/** Judges the white space at `at` as a place to breathe in a long first sentence: before a conjunction. */
export function judgeConjunction({ text, final }: Sight, at: number): Verdict {
  if (text[at] !== " ") return "none";
  const word = /^[\p{L}\p{M}]*/u.exec(text.slice(at + 1, at + LOOK_AHEAD_CHARS))?.[0] ?? "";
  const behind = at + 1 + word.length;
  if (behind >= text.length && !final) return "wait";
  return CONJUNCTIONS.has(word) && text[behind] === " " ? at + 1 : "none";
}

/** List items, headings, quotes and table rows: their line is theirs. */
function isItem(line: string): boolean {
  return /^\s*([-*+•|>]|\d{1,3}[.)]|[a-zA-Z]\)|#{1,6})(\s|$)/u.test(line);
}

export function isSpace(char: string): boolean {
  return /\s/u.test(char);
}

function skipWhile(text: string, from: number, limit: number, test: (char: string) => boolean): number {
  let at = from;
  while (at < limit && test(text[at] ?? "")) at++;
  return at;
}

function wordBefore(text: string, at: number): string {
  return /[^\s([{"'“‘„«*_`—–/]*$/u.exec(text.slice(Math.max(0, at - LOOK_AHEAD_CHARS), at))?.[0] ?? "";
}

interface StopContext {
  readonly stops: string;
  readonly closers: string;
  readonly word: string;
  readonly line: string;
  /** Up to three characters behind the white space; at least one. */
  readonly next: string;
  readonly isNextWhole: boolean;
}

function endsSentence(context: StopContext): boolean | "wait" {
  const { stops, closers, next } = context;
  const isLower = LOWER.test(next[0] ?? "");
  // "Really?" she said. / (see above.) and so on
  if (isLower && QUOTE.test(closers)) return false;
  if (stops === ".") return dotEndsSentence(context, isLower);
  // An ellipsis trails off into the same sentence or ends it; only the next word tells.
  return !(isLower && /^[.…]+$/u.test(stops));
}

/** Titles and the like, always followed by what they belong to. */
const NEVER_LAST = new Set(
  (
    "mr mrs ms mx dr prof rev st mt sra srta gen col sgt capt lt gov sen rep hon messrs mme mlle vs approx ca " +
    "bzw evtl ggf inkl exkl vgl sog bspw hr fr tel dipl ing med rer phil hl fa co mio mrd tsd"
  ).split(" "),
);
/** Abbreviations only before a number: "No. 5", but "No. I will not." */
const BEFORE_NUMBER = new Set(
  "no nr fig figs vol ch sec art abs ziff kap bd p pp eq ver jan feb mar apr jun jul aug sep sept oct nov dec".split(
    " ",
  ),
);
/** German ordinals before months: "am 3. Mai". */
const GERMAN_MONTHS = new Set(["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]);

function dotEndsSentence({ word, line, next, isNextWhole }: StopContext, isLower: boolean): boolean | "wait" {
  const isDigitNext = /\d/u.test(next[0] ?? "");
  const key = word.toLowerCase();
  if (/^\d+$/u.test(word)) {
    if (/^\s*([-*+•]\s+)?\d+$/u.test(line) || isLower) return false;
    if (word.length > 2) return true;
    return isNextWhole || next.length === 3 ? !GERMAN_MONTHS.has(next) : "wait";
  }
  // Initials (J. R. R. Tolkien) and spaced abbreviations (z. B.); "So do I." ends.
  if (/^\p{L}$/u.test(word)) return word === "I" && !isLower;
  if (key === "a.m" || key === "p.m") return !isLower && !isDigitNext;
  // e.g., i.e., z.B., U.S., Ph.D.: a sentence too long is heard less than a name cut in two.
  if (/^\p{L}{1,2}(\.\p{L}{1,2})+$/u.test(word)) return false;
  if (NEVER_LAST.has(key)) return false;
  if (BEFORE_NUMBER.has(key) || key.endsWith("str")) return !isDigitNext && !isLower;
  // Short words before lower case are abbreviations we do not list ("etc. and", "Corp. is").
  return !(isLower && word.length <= 4);
}
