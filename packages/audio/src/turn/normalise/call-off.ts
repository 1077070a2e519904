/** "Stop": an order that takes back what was asked, and asks nothing itself. */
import { primaryLanguage } from "../language.ts";

const ENGLISH = `stop, stop it, stop that, stop please, please stop, quiet, be quiet, silence, hush, shut up, cancel, cancel that, never mind,
  nevermind, enough, that's enough, that is enough, halt`;
const GERMAN = `stopp, stop, halt, ruhe, still, sei still, sei ruhig, abbrechen, genug, das reicht, vergiss es, schon gut, hör auf`;

const ORDERS: Readonly<Record<string, ReadonlySet<string>>> = { en: entries(ENGLISH), de: entries(GERMAN) };
const MOST_WORDS = 3;

function entries(list: string): ReadonlySet<string> {
  return new Set(list.split(",").map((entry) => entry.trim()));
}

/**
 * Whether `text`, said right behind `before`, only calls that off. Recognised together they are one text, so that it is its
 * end that counts: "What is the capital of Peru? Stop."
 * @param language BCP 47; English and German are known
 */
export function callsOff(text: string, before: string, language: string): boolean {
  const orders = ORDERS[primaryLanguage(language)];
  return orders !== undefined && endsWith(text, orders) && !endsWith(before, orders);
}

function endsWith(text: string, orders: ReadonlySet<string>): boolean {
  const words = text
    .slice(-200)
    .toLowerCase()
    .replaceAll("’", "'")
    .match(/[\p{L}\p{N}']+/gu);
  if (words === null) return false;
  for (let count = 1; count <= MOST_WORDS; count += 1) {
    if (orders.has(words.slice(-count).join(" "))) return true;
  }
  return false;
}
