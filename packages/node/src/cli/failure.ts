/** How a command's failure is told: to people as lines they can act on, to programs as JSON. */
import { ParleyError } from "@parley/sdk";
import { failureOf } from "../services/stage.ts";

/** The failure for people: what failed, then what to do. */
export function failureText(error: unknown): string {
  const { code, message, nextStep } = failureOf(error);
  const trace = code === "internal" && error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : "";
  return `error: ${message}\n${nextStep === "" ? "" : `  ${nextStep}\n`}${trace}`;
}

/** The failure for programs, one JSON line. */
export function failureJson(error: unknown): string {
  const failure = failureOf(error);
  const code = error instanceof ParleyError && error.remoteCode !== undefined ? error.remoteCode : failure.code;
  return `${JSON.stringify({ error: { ...failure, code } })}\n`;
}
