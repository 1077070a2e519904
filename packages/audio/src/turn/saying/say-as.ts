/** What `<say-as>` asks for, as far as W3C's note of 2005 and the common voices agree. */
import { primaryLanguage } from "../language.ts";
import { numericDate } from "./english/dates.ts";
import * as english from "./english/numbers.ts";
import { phone } from "./english/rules.ts";
import * as german from "./german/numbers.ts";
import { readAloud } from "./reading.ts";
import { traced } from "./traced.ts";

/** Attributes of `<say-as>`. */
export interface SayAs {
  readonly interpretAs: string;
  readonly format: string | undefined;
}

/** `text` in words as it is asked for; as plain text is read where the kind or the writing is not known. */
export function sayAs(text: string, { interpretAs, format }: SayAs, language: string | undefined): string {
  const written = text.trim();
  const plain = readAloud(traced(written), language).text;
  const numbers = numbersOf(language);
  const digits = written.replaceAll(/[\s,.]/gu, "");
  const isNumber = /^\d{1,15}$/u.test(digits);
  switch (interpretAs.trim().toLowerCase()) {
    case "characters":
    case "spell-out":
    case "verbatim":
      return spelledOut(written, numbers);
    case "digits":
      return numbers === undefined
        ? Array.from(written.match(/\d/gu) ?? []).join(" ")
        : numbers.spelled(onlyDigits(written));
    case "ordinal":
      return numbers === undefined || !isNumber ? plain : numbers.ordinal(Number(digits));
    case "telephone":
      return numbers === undefined ? spelledOut(written, numbers) : telephone(written, numbers);
    case "date":
      return date(written, format, language) ?? plain;
    // cardinal, number, time, currency, unit, fraction: written so that plain reading knows them.
    default:
      return plain;
  }
}

interface Numbers {
  readonly spelled: (digits: string) => string;
  readonly ordinal: (value: number) => string;
}

function numbersOf(language: string | undefined): Numbers | undefined {
  const primary = language === undefined ? undefined : primaryLanguage(language);
  if (primary === "en") return english;
  if (primary !== "de") return undefined;
  return { spelled: german.spelled, ordinal: (value) => `${german.ordinalStem(value)}er` };
}

function onlyDigits(text: string): string {
  return text.replaceAll(/\D/gu, "");
}

function telephone(written: string, numbers: Numbers): string {
  if (numbers === english) return phone(written);
  return (written.startsWith("+") ? "plus " : "") + (written.match(/\d+/gu) ?? []).map(numbers.spelled).join(", ");
}

function spelledOut(written: string, numbers: Numbers | undefined): string {
  return Array.from(written.replaceAll(/\s+/gu, ""), (char) => {
    if (numbers !== undefined && /^\d$/u.test(char)) return numbers.spelled(char);
    // Alone, "A" is read as the article.
    return numbers === english && /^a$/iu.test(char) ? "eigh" : char.toUpperCase();
  }).join(" ");
}

/** English dates in the order that `format` gives ("mdy", "dmy", "ymd", "md", …). */
function date(written: string, format: string | undefined, language: string | undefined): string | undefined {
  const parts = written.match(/\d+/gu) ?? [];
  if (!/^en/iu.test(language ?? "") || format === undefined || format.length !== 3 || parts.length !== 3)
    return undefined;
  const value = (letter: string): number => Number(parts[format.toLowerCase().indexOf(letter)]);
  return numericDate(value("y"), value("m"), value("d"));
}
