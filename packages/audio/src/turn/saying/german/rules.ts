/** How German writing is read aloud. Rules in order: what is more particular comes first and leaves no digits behind. */
import { replaceAll, rewrite } from "../traced.ts";
import type { Traced } from "../traced.ts";
import { cardinal, counting, number, ordinalStem, spelled, year } from "./numbers.ts";

const MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(" ");
const NUMBER = String.raw`\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?`;
const FREE = String.raw`(?<![\p{L}\p{N}_.,:/-])`;
const END = String.raw`(?![\p{L}\p{N}_])(?![.,:/-]\d)`;

const rule = (source: string, flags = ""): RegExp => new RegExp(source, `dgu${flags}`);

const PHONE = rule(
  String.raw`${FREE}(?:\+\d{1,3}[ ./-]?\d{2,5}(?:[ ./-]?\d{2,5}){1,4}|0\d{2,4}[ /-]\d{3,9}(?:[ -]\d{2,5})?)${END}`,
);
const ISO_DATE = rule(String.raw`${FREE}(\d{4})-(\d{2})-(\d{2})${END}`);
const DATE = rule(String.raw`${FREE}((?:\p{L}+ )?)(\d{1,2})\.(\d{1,2})\.(\d{4})${END}`);
const DAY_IN_FIGURES = rule(String.raw`${FREE}((?:\p{L}+ )?)(\d{1,2})\.(\d{1,2})\.(?!\d)`);
const DAY = rule(
  String.raw`(?<![\p{L}\p{N}_.,:/-])((?:\p{L}+ )?)(\d{1,2})\. ?(Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)(?: (\d{4}))?${END}`,
);
const ORDINAL = rule(
  String.raw`\b((?:[Aa]m|[Ii]m|[Dd](?:er|ie|as|em|en|es)|[Zz]u[mr]|[Vv]om|[Bb]eim|[Aa]b|[Ss]eit|[Jj]ede[rs]?|[Ee]in(?:e|en)?) )(\d{1,3})\. (?=\p{Lu})`,
);
const TIME = rule(String.raw`${FREE}(\d{1,2})(?::(\d{2})(?: ?Uhr\b)?|\.(\d{2}) ?Uhr\b| ?Uhr\b)${END}`);
const TIME_RANGE = rule(
  String.raw`${FREE}(\d{1,2}[:.]\d{2}(?: ?Uhr)?) ?[–-] ?(?=\d{1,2}[:.]\d{2}(?: ?Uhr|\b(?![.,]\d)))`,
);
const MONEY = rule(
  String.raw`${FREE}([-−]?)(${NUMBER})(?:,-)?( (?:Tausend|Million|Millionen|Milliarden|Mio\.|Mrd\.))? ?([€$£]|EUR|USD)(?![\p{L}\p{N}])`,
);
const MONEY_BEFORE = rule(String.raw`(?<![\p{L}\p{N}])([€$£]) ?(${NUMBER})${END}`);
const PERCENT = rule(String.raw`(?<=\d) ?%`);
const YEAR = rule(
  String.raw`(\b(?:im Jahr|im Jahre|Jahr|seit|von|vor|nach|um|Sommer|Winter|Herbst|Frühling|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|bis|war|anno|in) |\()(1[1-9]\d\d)(?=\)|[.,;:!?]?(?:\s|$))`,
  "i",
);
const RANGE = rule(String.raw`${FREE}(${NUMBER}) ?[–-] ?(${NUMBER})${END}`);
const RATIO = rule(String.raw`${FREE}(\d{1,3}):(\d{1,3})${END}`);
const MINUS = rule(String.raw`(^|[\s(])[-−](?=\d)`);
const PLAIN = rule(String.raw`(?<![\p{L}\p{N}_])(${NUMBER})(?![\p{L}\p{N}_]|,\d)`);

const CURRENCIES: Readonly<Record<string, string>> = {
  "€": "Euro",
  EUR: "Euro",
  $: "Dollar",
  USD: "Dollar",
  "£": "Pfund",
};
const UNITS: Readonly<Record<string, string>> = {
  "km/h": "Kilometer pro Stunde",
  "m/s": "Meter pro Sekunde",
  "°C": "Grad Celsius",
  "°F": "Grad Fahrenheit",
  "°": "Grad",
  mm: "Millimeter",
  cm: "Zentimeter",
  m: "Meter",
  km: "Kilometer",
  "m²": "Quadratmeter",
  "km²": "Quadratkilometer",
  mg: "Milligramm",
  g: "Gramm",
  kg: "Kilogramm",
  ml: "Milliliter",
  l: "Liter",
  Hz: "Hertz",
  kHz: "Kilohertz",
  MHz: "Megahertz",
  GHz: "Gigahertz",
  kB: "Kilobyte",
  KB: "Kilobyte",
  MB: "Megabyte",
  GB: "Gigabyte",
  TB: "Terabyte",
  W: "Watt",
  kW: "Kilowatt",
  kWh: "Kilowattstunden",
  ms: "Millisekunden",
  min: "Minuten",
  Min: "Minuten",
  Std: "Stunden",
  dB: "Dezibel",
};
const UNIT = Object.keys(UNITS)
  .toSorted((a, b) => b.length - a.length)
  .join("|");
const MEASURE = rule(String.raw`${FREE}([-−]?)(${NUMBER}) ?(${UNIT})(?![\p{L}\p{N}/])`);

const ABBREVIATIONS: readonly (readonly [RegExp, string])[] = [
  [/\bz\. ?B\./dgu, "zum Beispiel"],
  [/\bZ\. ?B\./dgu, "Zum Beispiel"],
  [/\bd\. ?h\./dgu, "das heißt"],
  [/\bu\. ?a\./dgu, "unter anderem"],
  [/\bbzw\./dgu, "beziehungsweise"],
  [/\bca\.(?= )/dgu, "zirka"],
  [/\bevtl\./dgu, "eventuell"],
  [/\bggf\./dgu, "gegebenenfalls"],
  [/\binkl\./dgu, "inklusive"],
  [/\bvgl\./dgu, "vergleiche"],
  [/\bNr\.(?= ?\d)/dgu, "Nummer"],
  [/\bS\.(?= \d)/dgu, "Seite"],
  [/\bDr\.(?= \p{Lu})/dgu, "Doktor"],
  [/\bProf\.(?= \p{Lu})/dgu, "Professor"],
  [/\bHr\.(?= \p{Lu})/dgu, "Herr"],
  [/\bFr\.(?= \p{Lu})/dgu, "Frau"],
  [/(?<=\p{L} )& (?=\p{L})/dgu, "und "],
  [/(?<=\p{Ll})str\.(?= \d)/dgu, "straße"],
];

/** `text` as it is read aloud, without digits wherever these rules know how. */
export function readGerman(text: Traced): Traced {
  if (!/\d|\.|&/u.test(text.text)) return text;
  return readNumbers(readQuantities(readDates(abbreviations(text))));
}

function abbreviations(given: Traced): Traced {
  let text = given;
  for (const [pattern, said] of ABBREVIATIONS) text = replaceAll(text, pattern, said);
  return rewrite(text, /\busw\.(?=(\s+\p{Ll}|[,;:)])?)/dgu, ([, goesOn]) => [
    goesOn === undefined ? "und so weiter." : "und so weiter",
  ]);
}

function readDates(given: Traced): Traced {
  let text = rewrite(given, PHONE, ([written]) => [
    (written.startsWith("+") ? "plus " : "") + (written.match(/\d+/gu) ?? []).map(spelled).join(", "),
  ]);
  text = rewrite(text, ISO_DATE, ([, y, m, d]) => date("", Number(d), MONTHS[Number(m) - 1], y));
  text = rewrite(text, DATE, ([, before = "", d, m, y]) => date(before, Number(d), MONTHS[Number(m) - 1], y, 1));
  text = rewrite(text, DAY_IN_FIGURES, ([, before = "", d, m]) =>
    date(before, Number(d), MONTHS[Number(m) - 1], undefined, 1),
  );
  text = rewrite(text, DAY, ([, before = "", d, month, y]) => date(before, Number(d), month, y, 1));
  text = rewrite(text, ORDINAL, ([, before = "", value]) => [1, `${ordinalStem(Number(value))}${ending(before)} `]);
  text = rewrite(text, TIME_RANGE, () => [1, " bis "]);
  return rewrite(text, TIME, ([, h, colon, point]) => {
    const [hour, minute] = [Number(h), Number(colon ?? point ?? 0)];
    if (hour > 24 || minute > 59) return undefined;
    return [`${counting(hour)} Uhr${minute === 0 ? "" : ` ${cardinal(minute)}`}`];
  });
}

function date(before: string, day: number, month: string | undefined, y: string | undefined, kept?: number) {
  if (month === undefined || day < 1 || day > 31) return undefined;
  const said = `${ordinalStem(day)}${ending(before)} ${month}${y === undefined ? "" : ` ${year(Number(y))}`}`;
  return kept === undefined ? [said] : [kept, said];
}

/** An ordinal ends as the word in front of it asks: der dritte, am dritten, ein dritter. */
function ending(before: string): string {
  const word = before.trim().toLowerCase();
  if (/^(?:der|die|das|jede|eine)$/u.test(word)) return "e";
  if (/^(?:am|im|dem|den|des|zum|zur|vom|beim|ab|seit|bis|einen|nach|vor)$/u.test(word)) return "en";
  return /^(?:jedes)$/u.test(word) ? "es" : "er";
}

function readQuantities(given: Traced): Traced {
  let text = rewrite(given, MONEY, ([, minus, amount = "", scale, sign = ""]) => [
    (minus === "" ? "" : "minus ") + money(amount, scale, CURRENCIES[sign] ?? ""),
  ]);
  text = rewrite(text, MONEY_BEFORE, ([, sign = "", amount = ""]) => [
    money(amount, undefined, CURRENCIES[sign] ?? ""),
  ]);
  text = replaceAll(text, PERCENT, " Prozent");
  text = rewrite(text, MEASURE, ([, minus, amount = "", sign = ""]) => [
    `${minus === "" ? "" : "minus "}${amount === "1" ? "ein" : number(amount)} ${UNITS[sign] ?? sign}`,
  ]);
  return rewrite(text, YEAR, ([, , value]) => [1, year(Number(value))]);
}

function money(amount: string, scale: string | undefined, currency: string): string {
  if (scale !== undefined) {
    const name = scale.trim().replace("Mio.", "Millionen").replace("Mrd.", "Milliarden");
    return `${number(amount)} ${name} ${currency}`;
  }
  const [whole = "0", cents] = amount.split(",");
  if (cents !== undefined && cents.length !== 2) return `${number(amount)} ${currency}`;
  const said = `${whole === "1" ? "ein" : number(whole)} ${currency}`;
  return cents === undefined || Number(cents) === 0 ? said : `${said} ${cardinal(Number(cents))}`;
}

function readNumbers(given: Traced): Traced {
  let text = rewrite(given, RANGE, ([, first = "", last = ""]) => [`${number(first)} bis ${number(last)}`]);
  text = rewrite(text, RATIO, () => [1, " zu ", 2]);
  text = rewrite(text, MINUS, () => [1, "minus "]);
  return rewrite(text, PLAIN, ([, written = ""]) => [number(written)]);
}
