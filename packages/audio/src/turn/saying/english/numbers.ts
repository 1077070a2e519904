/** English numbers in words. British and American alike, without "and". */
const ONES = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
  "seventeen eighteen nineteen"
).split(" ");
const TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const SCALES = [
  [1e12, "trillion"],
  [1e9, "billion"],
  [1e6, "million"],
  [1e3, "thousand"],
] as const;

/** Above this, digits are said one by one. */
export const LARGEST_NUMBER = 999_999_999_999_999;

/** A whole number from 0 to {@link LARGEST_NUMBER}. */
export function cardinal(value: number): string {
  if (value < 20) return ONES[value] ?? "";
  if (value < 100) return joined(TENS[Math.floor(value / 10)], value % 10);
  if (value < 1000) return joined(`${cardinal(Math.floor(value / 100))} hundred`, value % 100);
  for (const [scale, name] of SCALES) {
    if (value >= scale) return joined(`${cardinal(Math.floor(value / scale))} ${name}`, value % scale);
  }
  return "";
}

function joined(head: string | undefined, rest: number): string {
  return rest === 0 ? (head ?? "") : `${head ?? ""} ${cardinal(rest)}`;
}

const ORDINALS: Readonly<Record<string, string>> = {
  one: "first",
  two: "second",
  three: "third",
  five: "fifth",
  eight: "eighth",
  nine: "ninth",
  twelve: "twelfth",
};

/** "first", "twenty second"; from 0 to {@link LARGEST_NUMBER}. */
export function ordinal(value: number): string {
  const words = cardinal(value).split(" ");
  const last = words.pop() ?? "";
  return [...words, ORDINALS[last] ?? (last.endsWith("y") ? `${last.slice(0, -1)}ieth` : `${last}th`)].join(" ");
}

/** Each digit of `digits` for itself. */
export function spelled(digits: string): string {
  return Array.from(digits, (digit) => ONES[Number(digit)] ?? "").join(" ");
}

/** "nineteen oh five", "two thousand eight", "twenty twenty four"; years 1000 to 2999. */
export function year(value: number): string {
  const [century, rest] = [Math.floor(value / 100), value % 100];
  if (century % 10 === 0 && rest < 10) return cardinal(value);
  if (rest === 0) return `${cardinal(century)} hundred`;
  return `${cardinal(century)} ${rest < 10 ? `oh ${cardinal(rest)}` : cardinal(rest)}`;
}

/** A number as written, with grouping commas and a decimal point: "1,234.5". */
export function number(written: string): string {
  const [whole = "", fraction] = written.replaceAll(",", "").split(".");
  const value = Number(whole);
  // A zero in front says that it is no quantity but a code.
  const isCode = value > LARGEST_NUMBER || (whole.length > 1 && whole.startsWith("0"));
  const head = isCode ? spelled(whole) : cardinal(value);
  return fraction === undefined || fraction === "" ? head : `${head} point ${spelled(fraction)}`;
}
