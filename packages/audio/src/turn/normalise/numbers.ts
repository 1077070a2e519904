/** Spoken English numbers, times, years and amounts, as one writes them. Other languages are left as they were heard. */

/** Words as the recogniser gave them, with the marks that cling to their ends. */
export interface Heard {
  readonly lead: string;
  readonly word: string;
  readonly tail: string;
}

const UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS = [
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
];
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: ReadonlyMap<string, number> = new Map([
  ["thousand", 1e3],
  ["million", 1e6],
  ["billion", 1e9],
  ["trillion", 1e12],
]);
const ORDINALS: ReadonlyMap<string, string> = new Map([
  ["first", "one"],
  ["second", "two"],
  ["third", "three"],
  ["fifth", "five"],
  ["eighth", "eight"],
  ["ninth", "nine"],
  ["twelfth", "twelve"],
]);

/** Words in a row that are looked at; longer numbers are written in parts. */
const LONGEST_NUMBER_WORDS = 24;

/** A number that was read, and how many words it took. */
interface Found {
  readonly text: string;
  readonly words: number;
}

/**
 * Puts figures where one writes them: from ten on, and small numbers where a unit, a time or another figure says that they
 * are counted ("five percent", but "one of them").
 */
export function writeNumbers(heard: readonly Heard[]): readonly Heard[] {
  const out: Heard[] = [];
  for (let at = 0; at < heard.length;) {
    const found = numberAt(heard, at);
    if (found === undefined && isLoosePair(run(heard, at))) {
      out.push(...heard.slice(at, at + 2));
      at += 2;
      continue;
    }
    const [first, last] = [heard[at], heard[at + (found?.words ?? 1) - 1]];
    if (first === undefined || last === undefined) break;
    out.push(found === undefined ? first : { lead: first.lead, word: found.text, tail: last.tail });
    at += found?.words ?? 1;
  }
  return out;
}

/** "Five thirty" says too little to be a number: it stays as it was heard. */
function isLoosePair(words: readonly string[]): boolean {
  const [first, second] = [UNITS.indexOf(words[0] ?? ""), small(words[1])];
  return first > 0 && second !== undefined && second >= 10;
}

function numberAt(heard: readonly Heard[], at: number): Found | undefined {
  const words = run(heard, at);
  const before = heard[at - 1]?.word.toLowerCase() ?? "";
  return (
    clockAt(words, before) ??
    ordinalAt(words, before) ??
    decimalAt(words) ??
    digitsAt(words) ??
    yearAt(words) ??
    amountAt(words)
  );
}

/** The words from `at` on that no mark divides, in lower case; hyphens divide ("twenty-five" counts as one word). */
function run(heard: readonly Heard[], at: number): readonly string[] {
  const words: string[] = [];
  for (const each of heard.slice(at, at + LONGEST_NUMBER_WORDS)) {
    if (words.length > 0 && each.lead !== "") break;
    words.push(each.word.toLowerCase());
    if (each.tail !== "") break;
  }
  return words;
}

function small(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  const unit = UNITS.indexOf(word);
  if (unit >= 0) return unit;
  const teen = TEENS.indexOf(word);
  if (teen >= 0) return 10 + teen;
  const [ten = "", rest, more] = word.split("-");
  const tens = TENS.indexOf(ten);
  if (tens < 2 || more !== undefined) return undefined;
  const ones = rest === undefined ? 0 : UNITS.indexOf(rest);
  return ones < 0 || (rest !== undefined && ones === 0) ? undefined : tens * 10 + ones;
}

/** 0 to 99 in one word or two. */
function pairAt(words: readonly string[], at: number): { readonly value: number; readonly words: number } | undefined {
  const first = small(words[at]);
  if (first === undefined) return undefined;
  const next = small(words[at + 1]);
  if (first >= 20 && first % 10 === 0 && next !== undefined && next > 0 && next < 10) {
    return { value: first + next, words: 2 };
  }
  return { value: first, words: 1 };
}

/** "two hundred and five thousand three". */
function cardinalAt(
  words: readonly string[],
  from: number,
): { readonly value: number; readonly words: number } | undefined {
  let [total, group, at] = [0, 0, from];
  let lastScale = Infinity;
  let isGroupOpen = true;
  for (;;) {
    // "and" is part of a number only behind a hundred or a scale.
    const joined =
      words[at] === "and" && at > from && /^(?:hundred|thousand|million|billion|trillion)$/u.test(words[at - 1] ?? "");
    const here = joined ? at + 1 : at;
    const pair = isGroupOpen ? pairAt(words, here) : undefined;
    if (pair !== undefined && (group === 0 || (group % 100 === 0 && pair.value > 0))) {
      group += pair.value;
      at = here + pair.words;
      isGroupOpen = false;
      continue;
    }
    if (words[at] === "hundred" && group > 0 && group < 100) {
      group *= 100;
      isGroupOpen = true;
      at += 1;
      continue;
    }
    const scale = SCALES.get(words[at] ?? "");
    if (scale === undefined || group === 0 || scale >= lastScale) break;
    total += group * scale;
    [group, lastScale, isGroupOpen] = [0, scale, true];
    at += 1;
  }
  return at === from ? undefined : { value: total + group, words: at - from };
}

const COUNTED =
  /^(?:percent|degrees?|dollars?|euros?|pounds?|cents?|minutes?|hours?|seconds?|kilometers?|kilometres?|meters?|metres?|miles?|kilos?|kilograms?|grams?|liters?|litres?|inches|feet)$/u;

function amountAt(words: readonly string[]): Found | undefined {
  const found = cardinalAt(words, 0);
  if (found === undefined) return undefined;
  const next = words[found.words];
  if (next === "percent") return { text: `${found.value}%`, words: found.words + 1 };
  if (found.value < 10 && !COUNTED.test(next ?? "")) return undefined;
  return { text: grouped(found.value), words: found.words };
}

function grouped(value: number): string {
  return value < 10_000 ? String(value) : String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, ",");
}

/** "three point one four". */
function decimalAt(words: readonly string[]): Found | undefined {
  const whole = cardinalAt(words, 0);
  if (whole === undefined || words[whole.words] !== "point") return undefined;
  let [digits, at] = ["", whole.words + 1];
  for (; ; at++) {
    const digit = words[at] === "oh" ? 0 : UNITS.indexOf(words[at] ?? "");
    if (digit < 0) break;
    digits += String(digit);
  }
  if (digits === "") return undefined;
  const isPercent = words[at] === "percent";
  return { text: `${grouped(whole.value)}.${digits}${isPercent ? "%" : ""}`, words: at + (isPercent ? 1 : 0) };
}

/** Three and more digits one by one: "five five five oh one". */
function digitsAt(words: readonly string[]): Found | undefined {
  let digits = "";
  for (const word of words) {
    const digit = word === "oh" && digits !== "" ? 0 : UNITS.indexOf(word);
    if (digit < 0) break;
    digits += String(digit);
  }
  const next = words[digits.length] ?? "";
  const goesOn = next === "hundred" || SCALES.has(next);
  return digits.length < 3 || goesOn ? undefined : { text: digits, words: digits.length };
}

/** "nineteen ninety nine", "twenty twenty four", "nineteen oh five". */
function yearAt(words: readonly string[]): Found | undefined {
  const century = small(words[0]);
  if (century === undefined || century < 11 || century > 20) return undefined;
  if (words[1] === "oh") {
    const year = UNITS.indexOf(words[2] ?? "");
    return year > 0 ? { text: `${century}0${year}`, words: 3 } : undefined;
  }
  const rest = pairAt(words, 1);
  if (rest === undefined || rest.value < 10) return undefined;
  return SCALES.has(words[1 + rest.words] ?? "") || words[1 + rest.words] === "hundred"
    ? undefined
    : { text: `${century}${rest.value}`, words: 1 + rest.words };
}

/** "twenty first"; single ordinals stay words. Of "a thirty second timer", the seconds are counted. */
function ordinalAt(words: readonly string[], before: string): Found | undefined {
  if (words[1] === "second" && before !== "the") return undefined;
  const ten = TENS.indexOf(words[0] ?? "");
  const unit = UNITS.indexOf(ORDINALS.get(words[1] ?? "") ?? (words[1] ?? "").replace(/th$/u, ""));
  if (ten >= 2 && unit > 0 && !UNITS.includes(words[1] ?? "")) {
    return { text: `${ten}${unit}${["th", "st", "nd", "rd"][unit] ?? "th"}`, words: 2 };
  }
  return undefined;
}

/** "half past seven", "quarter to eight", "seven thirty p m", "six o'clock". */
function clockAt(words: readonly string[], before: string): Found | undefined {
  const skip = words[0] === "a" && words[1] === "quarter" ? 1 : 0;
  const part = words[skip];
  const relation = words[skip + 1];
  const hour = small(words[skip + 2]);
  if (hour !== undefined && hour >= 1 && hour <= 12 && (relation === "past" || relation === "to")) {
    const minutes = part === "half" ? 30 : part === "quarter" ? 15 : small(part);
    if (minutes !== undefined && minutes > 0 && minutes <= 30 && !(part === "half" && relation === "to")) {
      // "ten to twelve" may as well count; only words of time make it one.
      if (part === "half" || part === "quarter" || relation === "past") {
        const [h, m] = relation === "past" ? [hour, minutes] : [((hour + 10) % 12) + 1, 60 - minutes];
        return withHalf(words, skip + 3, `${h}:${String(m).padStart(2, "0")}`);
      }
    }
  }
  const full = small(words[0]);
  if (full === undefined || full < 1 || full > 12) return undefined;
  if (words[1] === "o'clock") return withHalf(words, 2, `${full}:00`);
  const oh = words[1] === "oh" ? UNITS.indexOf(words[2] ?? "") : -1;
  const minutes = oh > 0 ? { value: oh, words: 2 } : pairAt(words, 1);
  if (minutes === undefined) return halfOf(words, 1) === undefined ? undefined : withHalf(words, 1, String(full));
  const at = 1 + minutes.words;
  if (minutes.value >= 60 || (oh <= 0 && minutes.value < 10)) return undefined;
  const isTime = halfOf(words, at) !== undefined || (BEFORE_TIME.test(before) && !COUNTED.test(words[at] ?? ""));
  if (!isTime) return undefined;
  return withHalf(words, at, `${full}:${String(minutes.value).padStart(2, "0")}`);
}

/** Behind these, "five thirty" is a time. */
const BEFORE_TIME = /^(?:at|by|until|till|around|before|after|it's)$/u;

function halfOf(words: readonly string[], at: number): { readonly text: string; readonly words: number } | undefined {
  const one = /^([ap])\.?m$/u.exec(words[at] ?? "");
  if (one !== null) return { text: `${one[1] ?? ""}m`, words: 1 };
  const letter = words[at];
  return (letter === "a" || letter === "p") && words[at + 1] === "m" ? { text: `${letter}m`, words: 2 } : undefined;
}

function withHalf(words: readonly string[], at: number, time: string): Found {
  const half = halfOf(words, at);
  return half === undefined ? { text: time, words: at } : { text: `${time} ${half.text}`, words: at + half.words };
}
