/** English amounts of money and measures in words. */
import { cardinal, number } from "./numbers.ts";

interface Currency {
  readonly one: string;
  readonly many: string;
  readonly cent: string;
  readonly cents: string;
}

const DOLLAR: Currency = { one: "dollar", many: "dollars", cent: "cent", cents: "cents" };
const CURRENCIES: Readonly<Record<string, Currency>> = {
  $: DOLLAR,
  US$: DOLLAR,
  "£": { one: "pound", many: "pounds", cent: "penny", cents: "pence" },
  "€": { one: "euro", many: "euros", cent: "cent", cents: "cents" },
  "¥": { one: "yen", many: "yen", cent: "sen", cents: "sen" },
  "₹": { one: "rupee", many: "rupees", cent: "paisa", cents: "paise" },
};
const SCALES: Readonly<Record<string, string>> = { k: "thousand", K: "thousand", M: "million", B: "billion" };

/** "three dollars fifty", "one point five million dollars", "ninety nine cents". */
export function money(minus: string | undefined, sign: string, amount: string, scale: string | undefined): string {
  const currency = CURRENCIES[sign] ?? DOLLAR;
  const head = minus === undefined || minus === "" ? "" : "minus ";
  if (scale !== undefined) return `${head}${number(amount)} ${SCALES[scale] ?? scale} ${currency.many}`;
  const [whole = "0", fraction] = amount.replaceAll(",", "").split(".");
  if (fraction !== undefined && fraction.length !== 2) return `${head}${number(amount)} ${currency.many}`;
  const [units, cents] = [Number(whole), Number(fraction ?? 0)];
  if (units === 0 && cents > 0) return `${head}${cardinal(cents)} ${cents === 1 ? currency.cent : currency.cents}`;
  const said = `${head}${number(whole)} ${units === 1 ? currency.one : currency.many}`;
  return cents === 0
    ? said
    : `${said} ${cents < 10 ? `and ${cardinal(cents)} ${cents === 1 ? currency.cent : currency.cents}` : cardinal(cents)}`;
}

/** Written sign: one, many. */
const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  "km/h": ["kilometer per hour", "kilometers per hour"],
  "m/s": ["meter per second", "meters per second"],
  mph: ["mile per hour", "miles per hour"],
  "°C": ["degree Celsius", "degrees Celsius"],
  "°F": ["degree Fahrenheit", "degrees Fahrenheit"],
  "°": ["degree", "degrees"],
  mm: ["millimeter", "millimeters"],
  cm: ["centimeter", "centimeters"],
  m: ["meter", "meters"],
  km: ["kilometer", "kilometers"],
  "m²": ["square meter", "square meters"],
  "km²": ["square kilometer", "square kilometers"],
  mg: ["milligram", "milligrams"],
  g: ["gram", "grams"],
  kg: ["kilogram", "kilograms"],
  ml: ["milliliter", "milliliters"],
  ft: ["foot", "feet"],
  lb: ["pound", "pounds"],
  lbs: ["pound", "pounds"],
  oz: ["ounce", "ounces"],
  Hz: ["hertz", "hertz"],
  kHz: ["kilohertz", "kilohertz"],
  MHz: ["megahertz", "megahertz"],
  GHz: ["gigahertz", "gigahertz"],
  KB: ["kilobyte", "kilobytes"],
  kB: ["kilobyte", "kilobytes"],
  MB: ["megabyte", "megabytes"],
  GB: ["gigabyte", "gigabytes"],
  TB: ["terabyte", "terabytes"],
  W: ["watt", "watts"],
  kW: ["kilowatt", "kilowatts"],
  kWh: ["kilowatt hour", "kilowatt hours"],
  ms: ["millisecond", "milliseconds"],
  min: ["minute", "minutes"],
  hr: ["hour", "hours"],
  hrs: ["hours", "hours"],
  dB: ["decibel", "decibels"],
};

/** Alternatives of all written signs, the longer first. */
export const UNIT = Object.keys(UNITS)
  .toSorted((a, b) => b.length - a.length)
  .join("|");

/** The unit's name for `amount`. */
export function unit(sign: string, amount: string): string | undefined {
  return UNITS[sign]?.[amount === "1" ? 0 : 1];
}
