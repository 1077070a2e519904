/** English dates in words. */
import { ordinal, year } from "./numbers.ts";

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** A group for a month's name, whole or short. */
export const MONTH =
  "(January|February|March|April|May|June|July|August|September|October|November|December|" +
  "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)";

/** The whole name of a month that may be written short. */
export function monthOf(name: string): string {
  return MONTHS.find((month) => month.startsWith(name.slice(0, 3))) ?? name;
}

/** "May twelfth, twenty twenty four"; undefined when there is no such day. */
export function numericDate(y: number, m: number, d: number): string | undefined {
  const month = MONTHS[m - 1];
  if (month === undefined || d < 1 || d > 31 || y < 1000 || y > 2999) return undefined;
  return `${month} ${ordinal(d)}, ${year(y)}`;
}

/** "May third" or "the third of May", as it is written; undefined when there is no such day. */
export function dayAndMonth(
  day: number,
  month: string,
  y: string | undefined,
  first: "day" | "month",
): string | undefined {
  if (day < 1 || day > 31) return undefined;
  const said = first === "month" ? `${monthOf(month)} ${ordinal(day)}` : `the ${ordinal(day)} of ${monthOf(month)}`;
  const value = Number(y);
  return y === undefined || value < 1000 || value > 2999 ? said : `${said}, ${year(value)}`;
}
