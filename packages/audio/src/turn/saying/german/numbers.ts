/** German numbers in words. */
const ONES = (
  "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn " +
  "siebzehn achtzehn neunzehn"
).split(" ");
const TENS = "null zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split(" ");
const SCALES = [
  [1e12, "Billion"],
  [1e9, "Milliarde"],
  [1e6, "Million"],
] as const;

/** Above this, digits are said one by one. */
const LARGEST_NUMBER = 999_999_999_999_999;

/** A whole number from 0 to 999 999 999 999 999. */
export function cardinal(value: number): string {
  for (const [scale, name] of SCALES) {
    if (value < scale) continue;
    const count = Math.floor(value / scale);
    const head = count === 1 ? `eine ${name}` : `${compound(count)} ${name}${name.endsWith("e") ? "n" : "en"}`;
    return value % scale === 0 ? head : `${head} ${cardinal(value % scale)}`;
  }
  const said = compound(value);
  return said.endsWith("ein") ? `${said}s` : said;
}

/** Below a million in one word, "ein" at its end. */
function compound(value: number): string {
  if (value < 20) return ONES[value] ?? "";
  if (value < 100) {
    const ten = TENS[Math.floor(value / 10)] ?? "";
    return value % 10 === 0 ? ten : `${ONES[value % 10] ?? ""}und${ten}`;
  }
  const scale = value < 1000 ? 100 : 1000;
  const head = `${compound(Math.floor(value / scale))}${scale === 100 ? "hundert" : "tausend"}`;
  return value % scale === 0 ? head : head + compound(value % scale);
}

/** The number in front of a noun: "ein", "zwei". */
export function counting(value: number): string {
  return value === 1 ? "ein" : cardinal(value);
}

/** Without an ending: "erst", "zweit", "dreißigst". */
export function ordinalStem(value: number): string {
  const [head, rest] = [value - (value % 100), value % 100];
  const before = head === 0 || rest === 0 ? "" : compound(head);
  if (rest === 1) return `${before}erst`;
  if (rest === 3) return `${before}dritt`;
  if (rest === 7) return `${before}siebt`;
  if (rest === 8) return `${before}acht`;
  if (rest > 0 && rest < 20) return `${before}${compound(rest)}t`;
  return `${compound(value)}st`;
}

/** "neunzehnhundertneunundneunzig", "zweitausendacht"; years 1000 to 2999. */
export function year(value: number): string {
  if (value < 1100 || value >= 2000) return cardinal(value);
  const rest = value % 100;
  return `${compound(Math.floor(value / 100))}hundert${rest === 0 ? "" : cardinal(rest)}`;
}

/** Each digit of `digits` for itself. */
export function spelled(digits: string): string {
  return Array.from(digits, (digit) => cardinal(Number(digit))).join(" ");
}

/** A number as written, with grouping points and a decimal comma: "1.234,5". */
export function number(written: string): string {
  const [whole = "", fraction] = written.replaceAll(".", "").split(",");
  const value = Number(whole);
  const isCode = value > LARGEST_NUMBER || (whole.length > 1 && whole.startsWith("0"));
  const head = isCode ? spelled(whole) : cardinal(value);
  return fraction === undefined || fraction === "" ? head : `${head} Komma ${spelled(fraction)}`;
}
