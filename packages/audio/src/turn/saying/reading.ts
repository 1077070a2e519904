/** Puts into words what an engine reads wrongly or each engine in its own way: numbers and what is written with them. */
import { readEnglish } from "./english/rules.ts";
import { readGerman } from "./german/rules.ts";
import { primaryLanguage } from "../language.ts";
import type { Traced } from "./traced.ts";

/** Text as it is said in `language` (BCP 47). English and German only: any other language stays as it is. */
export function readAloud(text: Traced, language: string | undefined): Traced {
  const tag = language?.toLowerCase() ?? "";
  const primary = primaryLanguage(tag);
  if (primary === "en") return readEnglish(text, { isMonthFirst: !/^en[-_](?!us\b|ca\b)/u.test(tag) });
  return primary === "de" ? readGerman(text) : text;
}
