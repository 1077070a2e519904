/** What the soak is told. */
import { parseArgs } from "node:util";
import { numberOf } from "../arguments.ts";

export interface SoakOptions {
  readonly minutes: number;
}

const WEEK_MINUTES = 7 * 24 * 60;

/** @throws UsageError or what parseArgs throws, with what is wrong */
export function soakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: "string", default: "5" } } });
  return { minutes: numberOf("minutes", values.minutes, 0.5, WEEK_MINUTES) };
}
