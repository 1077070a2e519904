/** English times of day in words. */
import { cardinal } from "./numbers.ts";

/** "twelve thirty", "five o'clock", "three oh five PM"; undefined when no clock shows it. */
export function clock(
  hour: number,
  minute: number,
  second: string | undefined,
  half: string | undefined,
): string | undefined {
  if (hour > 24 || minute > 59 || Number(second ?? 0) > 59 || (half !== undefined && hour > 12)) return undefined;
  const suffix = half === undefined ? "" : ` ${half.toUpperCase()}M`;
  const seconds = second === undefined ? "" : ` and ${cardinal(Number(second))} seconds`;
  return cardinal(hour) + minutes(hour, minute, half !== undefined) + seconds + suffix;
}

function minutes(hour: number, minute: number, hasHalf: boolean): string {
  if (minute >= 10) return ` ${cardinal(minute)}`;
  if (minute > 0) return ` oh ${cardinal(minute)}`;
  if (hasHalf) return "";
  return hour > 0 && hour <= 12 ? " o'clock" : " hundred";
}
