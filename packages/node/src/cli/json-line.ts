/** What `--json` prints: one value on each line of standard output, so that whoever follows along can read them one by one. */
import type { CliContext } from "./context.ts";

/** Prints one value. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout(`${JSON.stringify(value)}\n`);
}

/** Prints something that has happened. */
export function printEvent(
  context: CliContext,
  event: { readonly event: string } & Readonly<Record<string, unknown>>,
): void {
  printJson(context, event);
}
