/** Arguments that a bench does not take. */

/** Said in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Whether a bench refused its arguments: what `parseArgs` of node:util throws, or an error with the name UsageError. */
export function isUsageError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "UsageError") return true;
  return "code" in error && typeof error.code === "string" && error.code.startsWith("ERR_PARSE_ARGS_");
}
