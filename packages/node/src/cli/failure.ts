/** How a command ends: any failure as lines a person can act on, and as an exit code. */
import { ParleyError, type ParleyErrorCode } from "@parley/sdk";
import { EXIT_CODE_BY_ERROR, exitCodeOf, type ExitCode } from "../errors.ts";
import { failureOf } from "../services/stage.ts";

const BY_CLIENT_ERROR: Readonly<Record<Exclude<ParleyErrorCode, "work-failed">, ExitCode>> = {
  "cannot-connect": 7,
  "connection-lost": 7,
  refused: 7,
  "timed-out": 7,
  protocol: 1,
  cancelled: 130,
};

/** The exit code for `error`; what failed inside a peer ends as it would have ended here. */
export function commandExitCode(error: unknown): ExitCode {
  if (!(error instanceof ParleyError)) return exitCodeOf(error);
  if (error.code !== "work-failed") return BY_CLIENT_ERROR[error.code];
  const remote = error.remoteCode ?? "internal";
  return Object.hasOwn(EXIT_CODE_BY_ERROR, remote) ? EXIT_CODE_BY_ERROR[remote as keyof typeof EXIT_CODE_BY_ERROR] : 1;
}

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
