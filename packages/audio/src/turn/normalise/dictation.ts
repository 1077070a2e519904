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

function splitAtMarks(text: string, names: Readonly<Record<string, Mark>>): readonly (string | Mark)[] {
  const tokens = text.match(/\S+/gu) ?? [];
  const bare = tokens.map((token) => token.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "").toLowerCase());
  const out: (string | Mark)[] = [];
  for (let at = 0; at < tokens.length;) {
    const two = `${bare[at] ?? ""} ${bare[at + 1] ?? ""}`;
    const name = Object.hasOwn(names, two) ? two : (bare[at] ?? "");
    const mark = Object.hasOwn(names, name) ? names[name] : undefined;
    const length = name === two ? 2 : 1;
    const isMeant = ARTICLES.test(bare[at - 1] ?? "") || (mark?.text === "." && GOES_ON.test(bare[at + length] ?? ""));
    if (mark !== undefined && !isMeant) {
      const last = out.at(-1);
      // What the recogniser wrote before the name ("milk, comma") is the same mark.
      if (typeof last === "string") out[out.length - 1] = last.replace(/[,.;:!?…]+$/u, "");
      out.push(mark);
      at += length;
    } else {
      out.push(tokens[at] ?? "");
      at += 1;
    }
  }
  return out;
}
