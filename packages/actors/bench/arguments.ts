/** What the benches are told on the command line. */

/** Arguments that a bench does not take; the runner knows it by its name. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError when it is no number from `least` to `most` */
export function numberOf(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most) return value;
  throw new UsageError(`--${option} takes a number from ${least} to ${most}, not ${text === "" ? "nothing" : text}`);
}

/** @throws UsageError when it is no whole number from `least` to `most` */
export function countOf(option: string, text: string, least: number, most: number): number {
  const value = numberOf(option, text, least, most);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`--${option} takes a whole number, not ${text}`);
}
