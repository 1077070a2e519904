/** How English writing is read aloud. Rules in order: what is more particular comes first and leaves no digits behind. */
import { replaceAll, rewrite } from "../traced.ts";
import type { Traced } from "../traced.ts";
import { dayAndMonth, monthOf, numericDate, MONTH } from "./dates.ts";
import { money, UNIT, unit } from "./measures.ts";
import { number, ordinal, spelled, year } from "./numbers.ts";
import { clock } from "./times.ts";

/** What differs between the English of countries. */
export interface EnglishOptions {
  /** 5/12 is in May, not in December. */
  readonly isMonthFirst: boolean;
}

const NUMBER = String.raw`\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?`;
/** Nothing of a longer name, version or number stands in front. */
const FREE = String.raw`(?<![\p{L}\p{N}_.,:/-])`;
const END = String.raw`(?![\p{L}\p{N}_])(?![.,:/-]\d)`;

const rule = (source: string, flags = ""): RegExp => new RegExp(source, `dgu${flags}`);

const PHONE = rule(
  String.raw`${FREE}(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,5}(?:[ .-]?\d{2,5}){1,4}|\(\d{3}\) ?\d{3}[ .-]\d{4}|(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}|\d{3}-\d{4})${END}`,
);
const ADDRESS = rule(String.raw`${FREE}\d{1,3}(?:\.\d{1,3}){3}${END}`);
const VERSION = rule(
  String.raw`(?<![\p{L}\p{N}_.])(v?)(\d{1,4}(?:\.\d{1,4}){2,3}|(?<=v)\d{1,4}(?:\.\d{1,4})?)${END}`,
  "i",
);
const ISO_DATE = rule(String.raw`${FREE}(\d{4})-(\d{2})-(\d{2})${END}`);
const FIGURE_DATE = rule(String.raw`${FREE}(\d{1,2})([/.-])(\d{1,2})\2(\d{4})${END}`);
const SHORT_CALL = rule(String.raw`(?<=\b(?:call|dial|ring) )\d{3}${END}`, "i");
const MONTH_DAY = rule(String.raw`\b${MONTH}\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?${END}`);
const DAY_MONTH = rule(String.raw`${FREE}(the )?(\d{1,2})(?:st|nd|rd|th)? (?:of )?${MONTH}(?:,? (\d{4}))?${END}`);
const MONTH_YEAR = rule(String.raw`\b${MONTH} (\d{4})${END}`);
const TIME = rule(
  String.raw`${FREE}(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([apAP])\.?[mM](?:\.(?=\s+\p{Ll})|\b(?!\.\p{L})))?${END}`,
);
const TIME_RANGE = rule(String.raw`${FREE}(\d{1,2}:\d{2}(?: ?[apAP]\.?[mM]\b\.?)?) ?[–-] ?(?=\d{1,2}:\d{2})`);
const HOUR = rule(String.raw`${FREE}(\d{1,2}) ?([apAP])\.?[mM](?:\.(?=\s+\p{Ll})|\b)`);
const MONEY = rule(
  String.raw`(?<![\p{L}\p{N}])(-?)(US\$|[$£€¥₹])(${NUMBER})(?: ?(thousand|million|billion|trillion|[kKMB])(?![\p{L}\p{N}]))?(?!\d)`,
);
const MONEY_RANGE = rule(
  String.raw`(?<![\p{L}\p{N}])([$£€¥₹])(${NUMBER}) ?[–-] ?[$£€¥₹]?(${NUMBER})(?![\p{L}\p{N}])(?! (?:thousand|million|billion|trillion))`,
);
const MONEY_BEHIND = rule(String.raw`${FREE}(-?)(${NUMBER}) ?([$£€¥₹])(?![\p{L}\p{N}])`);
const PERCENT = rule(String.raw`(?<=\d) ?%`);
const MEASURE = rule(String.raw`${FREE}([-−]?)(${NUMBER})( ?)(${UNIT})(?![\p{L}\p{N}/])`);
const DECADE = rule(String.raw`(?<![\p{L}\p{N}])(\d{2}[1-9]0)['’]?s\b`);
const SHORT_DECADE = rule(String.raw`(?<![\p{L}\p{N}])['’]([2-9]0)s\b`);
const YEAR = rule(
  String.raw`(\b(?:in|since|from|until|till|before|after|during|year|spring|summer|autumn|fall|winter|early|late|between|copyright|©) |\((?=1|20)|\b(?:of|and|to|by|around) (?=1))(1\d\d\d|20\d\d)(?:([-–])(1[0-9]\d\d|20\d\d))?(?=\)|[.,;:!?]?(?:\s|$))`,
  "i",
);
const ORDINAL = rule(String.raw`${FREE}(\d{1,3}(?:,\d{3})+|\d{1,9})(?:st|nd|rd|th)\b`, "i");
const RANGE = rule(String.raw`${FREE}(${NUMBER}) ?[–-] ?(${NUMBER})${END}`);
const RATIO = rule(String.raw`${FREE}(\d{1,3}):(\d{1,3})${END}`);
const FRACTION = rule(String.raw`${FREE}(?:(\d{1,3}) )?(1/2|1/3|2/3|1/4|3/4|24/7)${END}`);
const HASH = rule(String.raw`(?<![\p{L}\p{N}#])#(?=\d)`);
const ABOUT = rule(String.raw`(?<![\p{L}\p{N}~])[~≈] ?(?=\d)`);
const MINUS = rule(String.raw`(^|[\s(])[-−](?=\d)`);
const PLAIN = rule(String.raw`(?<![\p{L}\p{N}_])(${NUMBER})(?![\p{L}\p{N}_]|\.\d)`);

const FRACTIONS: Readonly<Record<string, string>> = {
  "1/2": "half",
  "1/3": "third",
  "2/3": "two thirds",
  "1/4": "quarter",
  "3/4": "three quarters",
};

/** `text` as it is read aloud, without digits wherever these rules know how. */
export function readEnglish(text: Traced, { isMonthFirst }: EnglishOptions): Traced {
  if (!/\d|\.|&/u.test(text.text)) return text;
  return readNumbers(readQuantities(readDates(abbreviations(text), isMonthFirst)));
}

function abbreviations(given: Traced): Traced {
  let text = replaceAll(given, ABOUT, "about ");
  for (const [pattern, said] of ABBREVIATIONS) text = replaceAll(text, pattern, said);
  // At the end of a sentence the stop stays.
  text = rewrite(text, /\betc\.(?=(\s+\p{Ll}|[,;:)])?)/dgu, ([, goesOn]) => [
    goesOn === undefined ? "et cetera." : "et cetera",
  ]);
  // "Main St. is", but "St. Paul".
  text = rewrite(text, /\bSt\.(?= \p{Lu})/dgu, () => ["Saint"]);
  return rewrite(text, /(?<=\p{L}) & (?=\p{L})/dgu, () => [" and "]);
}

const ABBREVIATIONS: readonly (readonly [RegExp, string])[] = [
  [/\bDr\.(?= \p{Lu})/dgu, "Doctor"],
  [/\bMr\.(?= )/dgu, "Mister"],
  [/\bMrs\.(?= )/dgu, "Missus"],
  [/\bMs\.(?= )/dgu, "Miz"],
  [/\bProf\.(?= \p{Lu})/dgu, "Professor"],
  [/\b[Ee]\.g\.,?/dgu, "for example,"],
  [/\b[Ii]\.e\.,?/dgu, "that is,"],
  [/\b[Aa]pprox\.(?= )/dgu, "approximately"],
  [/\b[Vv]s\.(?= )/dgu, "versus"],
  [/\bNo\.(?= ?\d)/dgu, "Number"],
  [/\bNos\.(?= ?\d)/dgu, "Numbers"],
  [/\b[Ff]ig\.(?= ?\d)/dgu, "figure"],
  [/\b[Cc]h\.(?= ?\d)/dgu, "chapter"],
  [/\bpp\.(?= ?\d)/dgu, "pages"],
  [/\bp\.(?= ?\d)/dgu, "page"],
];

function readDates(given: Traced, isMonthFirst: boolean): Traced {
  let text = rewrite(given, PHONE, ([written]) => [phone(written)]);
  text = rewrite(text, SHORT_CALL, ([written]) => [spelled(written)]);
  text = rewrite(text, ISO_DATE, ([, y, m, d]) => pieces(numericDate(Number(y), Number(m), Number(d))));
  text = rewrite(text, FIGURE_DATE, ([, a, sign, b, y]) => {
    const [first, second] = [Number(a), Number(b)];
    // Points are the way of those who put the day first.
    const monthFirst = second > 12 || (isMonthFirst && sign !== "." && first <= 12);
    return pieces(monthFirst ? numericDate(Number(y), first, second) : numericDate(Number(y), second, first));
  });
  text = rewrite(text, DAY_MONTH, ([, , day, month = "", y]) => pieces(dayAndMonth(Number(day), month, y, "day")));
  text = rewrite(text, MONTH_DAY, ([, month = "", day, y]) => pieces(dayAndMonth(Number(day), month, y, "month")));
  text = rewrite(text, MONTH_YEAR, ([, month = "", y]) => [`${monthOf(month)} ${year(Number(y))}`]);
  text = rewrite(text, TIME_RANGE, () => [1, " to "]);
  text = rewrite(text, TIME, ([, h, m, s, half]) => pieces(clock(Number(h), Number(m), s, half)));
  return rewrite(text, HOUR, ([, h, half]) => pieces(clock(Number(h), 0, undefined, half)));
}

function readQuantities(given: Traced): Traced {
  let text = rewrite(given, MONEY_RANGE, ([, sign = "", least = "", most = ""]) => [
    `${number(least)} to ${money("", sign, most, undefined)}`,
  ]);
  text = rewrite(text, MONEY, ([, minus, sign = "", amount = "", scale]) => [money(minus, sign, amount, scale)]);
  text = rewrite(text, MONEY_BEHIND, ([, minus, amount = "", sign = ""]) => [money(minus, sign, amount, undefined)]);
  text = replaceAll(text, PERCENT, " percent");
  text = rewrite(text, MEASURE, ([, minus, amount = "", , sign = ""]) => {
    const name = unit(sign, amount);
    return name === undefined ? undefined : [`${minus === "" ? "" : "minus "}${number(amount)} ${name}`];
  });
  text = rewrite(text, SHORT_DECADE, ([, decade]) => [`${number(decade ?? "").replace(/y$/u, "ie")}s`]);
  text = rewrite(text, DECADE, ([, decade]) => [`${year(Number(decade)).replace(/y$/u, "ie")}s`]);
  return rewrite(text, YEAR, ([, before = "", first, dash, last]) => {
    const rest = dash === undefined ? "" : ` to ${year(Number(last))}`;
    return before === "" ? undefined : [1, year(Number(first)) + rest];
  });
}

function readNumbers(given: Traced): Traced {
  let text = rewrite(given, ADDRESS, ([written]) => [written.split(".").map(number).join(" dot ")]);
  text = rewrite(text, VERSION, ([, v, written = ""]) => [
    (v === "" ? "" : "version ") + written.split(".").map(number).join(" point "),
  ]);
  text = rewrite(text, ORDINAL, ([, written = ""]) => [ordinal(Number(written.replaceAll(",", "")))]);
  text = rewrite(text, FRACTION, ([, whole, written = ""]) => [fraction(whole, written)]);
  text = rewrite(text, RANGE, ([, first = "", last = ""]) => [`${number(first)} to ${number(last)}`]);
  text = rewrite(text, RATIO, () => [1, " to ", 2]);
  text = replaceAll(text, HASH, "number ");

  text = rewrite(text, MINUS, () => [1, "minus "]);
  return rewrite(text, PLAIN, ([, written = ""]) => [number(written)]);
}

function fraction(whole: string | undefined, written: string): string {
  if (written === "24/7") return `${whole === undefined ? "" : `${number(whole)} `}twenty four seven`;
  const said = FRACTIONS[written] ?? "";
  if (whole !== undefined) return `${number(whole)} and ${said.includes(" ") ? said : `a ${said}`}`;
  return said.includes(" ") ? said : `one ${said}`;
}

/** Digit by digit, with a breath between the groups. */
export function phone(written: string): string {
  const groups = written.match(/\d+/gu) ?? [];
  return (written.startsWith("+") ? "plus " : "") + groups.map(spelled).join(", ");
}

function pieces(said: string | undefined): readonly string[] | undefined {
  return said === undefined ? undefined : [said];
}
