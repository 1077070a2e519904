/** Dictation mode: marks are spoken ("comma", "new line") and become what they name. English and German. */
import { normaliseHeard, sentenceCase } from "./heard.ts";
import type { NormaliseOptions } from "./heard.ts";

/** How a mark stands among the words. */
type Mark = { readonly text: string; readonly stands: "behind" | "before" | "between" | "alone" };

const behind = (text: string): Mark => ({ text, stands: "behind" });
const before = (text: string): Mark => ({ text, stands: "before" });
const alone = (text: string): Mark => ({ text, stands: "alone" });

const ENGLISH: Readonly<Record<string, Mark>> = {
  comma: behind(","),
  coma: behind(","),
  period: behind("."),
  "full stop": behind("."),
  "question mark": behind("?"),
  "exclamation mark": behind("!"),
  "exclamation point": behind("!"),
  colon: behind(":"),
  semicolon: behind(";"),
  "semi colon": behind(";"),
  ellipsis: behind("…"),
  "open quote": before("“"),
  "close quote": behind("”"),
  "open bracket": before("("),
  "open parenthesis": before("("),
  "close bracket": behind(")"),
  "close parenthesis": behind(")"),
  hyphen: { text: "-", stands: "between" },
  "new line": alone("\n"),
  newline: alone("\n"),
  "new paragraph": alone("\n\n"),
};

const GERMAN: Readonly<Record<string, Mark>> = {
  komma: behind(","),
  punkt: behind("."),
  fragezeichen: behind("?"),
  ausrufezeichen: behind("!"),
  doppelpunkt: behind(":"),
  semikolon: behind(";"),
  strichpunkt: behind(";"),
  "anführungszeichen auf": before("„"),
  "anführungszeichen zu": behind("“"),
  "klammer auf": before("("),
  "klammer zu": behind(")"),
  bindestrich: { text: "-", stands: "between" },
  "neue zeile": alone("\n"),
  absatz: alone("\n\n"),
  "neuer absatz": alone("\n\n"),
};

/** In front of these, the word is meant: "a comma", "the period". */
const ARTICLES = /^(?:a|an|the|this|that|each|every|ein|einen|der|den|das|jeder|jedes)$/iu;
/** Long articles of "period": a time, not a mark. */
const GOES_ON = /^(?:of|in|from|when|during)$/iu;

/** What recognisers make of "comma", unless it is what was said. */
const MISHEARD_COMMA = "coma";
const BESIDE_COMA = /^(?:in|into|of|from|out|deep|diabetic|induced|medical)$/iu;

/**
 * {@link normaliseHeard}, with spoken marks in place of their names. A mark that the recogniser put beside a spoken one gives
 * way to it.
 */
export function normaliseDictation(text: string, options: NormaliseOptions = {}): string {
  const isGerman = /^de\b/iu.test(options.language ?? "");
  const names = isGerman ? GERMAN : ENGLISH;
  const lines = splitAtMarks(text, names);
  let out = "";
  let words: string[] = [];
  const flush = (): void => {
    if (words.length === 0) return;
    const written = normaliseHeard(words.join(" "), options);
    const isStart = out === "" || /[.!?…\n]["”)]? *$/u.test(out);
    const glue = out === "" || /[\n(“„-]$/u.test(out) ? "" : " ";
    out += glue + (isStart ? written : likeSpoken(written, words[0] ?? ""));
    words = [];
  };
  for (const token of lines) {
    if (typeof token === "string") {
      words.push(token);
      continue;
    }
    flush();
    if (token.stands === "behind") out = out.replace(/[\s,.;:!?…]+$/u, "") + token.text;
    else if (token.stands === "before") out = `${out}${out === "" || /[\n ]$/u.test(out) ? "" : " "}${token.text}`;
    else if (token.stands === "between") out = out.trimEnd() + token.text;
    else out = out.trimEnd() + token.text;
  }
  flush();
  return sentenceCase(out).replaceAll(
    /(\n)(\p{Ll})/gu,
    (_, line: string, letter: string) => line + letter.toUpperCase(),
  );
}

/** In the middle of a sentence the recogniser's own capital of a first word stays, ours does not come. */
function likeSpoken(written: string, first: string): string {
  return /^\p{Lu}/u.test(first) ? written : written.replace(/^\p{Lu}/u, (letter) => letter.toLowerCase());
}

/** A word between blanks, or between the hyphens with which recognisers tie spoken marks to words: "full-stop". */
interface Part {
  readonly text: string;
  /** Without marks at its ends, in lower case. */
  readonly bare: string;
  /** Tied to the part before it. */
  readonly tied: boolean;
}

function partsOf(text: string): readonly Part[] {
  return (text.match(/\S+/gu) ?? []).flatMap((token) =>
    token.split(/(?<=[\p{L}\p{N}])-(?=[\p{L}\p{N}])/u).map((part, index) => ({
      text: part,
      bare: part.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "").toLowerCase(),
      tied: index > 0,
    })),
  );
}

function splitAtMarks(text: string, names: Readonly<Record<string, Mark>>): readonly (string | Mark)[] {
  const parts = partsOf(text);
  const bareAt = (at: number): string => parts[at]?.bare ?? "";
  const out: (string | Mark)[] = [];
  for (let at = 0; at < parts.length;) {
    const two = `${bareAt(at)} ${bareAt(at + 1)}`;
    const name = Object.hasOwn(names, two) ? two : bareAt(at);
    const mark = Object.hasOwn(names, name) ? names[name] : undefined;
    const length = name === two ? 2 : 1;
    const last = out.at(-1);
    // "Comma-separated" and "period-piece" are words.
    const isCompound = length === 1 && parts[at + 1]?.tied === true;
    if (mark !== undefined && !isCompound && !isWord(name, mark, bareAt(at - 1), bareAt(at + length))) {
      // What the recogniser wrote before the name ("milk, comma") is the same mark.
      if (typeof last === "string") out[out.length - 1] = last.replace(/[,.;:!?…]+$/u, "");
      out.push(mark);
      at += length;
      continue;
    }
    const part = parts[at];
    if (part !== undefined && part.tied && typeof last === "string") out[out.length - 1] = `${last}-${part.text}`;
    else out.push(part?.text ?? "");
    at += 1;
  }
  return out;
}

/** Whether the name of a mark stands for itself, by the words round it. */
function isWord(name: string, mark: Mark, before: string, behind: string): boolean {
  if (ARTICLES.test(before) || (mark.text === "." && GOES_ON.test(behind))) return true;
  return name === MISHEARD_COMMA && BESIDE_COMA.test(before);
}
