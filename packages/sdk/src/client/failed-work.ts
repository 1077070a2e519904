/** What the other side tried and failed at. */
import { ParleyError } from "../errors.ts";
import type { Payload } from "../protocol/envelope.ts";

/** Nothing was done, for a reason that passes by itself. */
const RETRYABLE: ReadonlySet<string> = new Set(["engine-busy", "outbox-full"]);

/** @param who has a log, where nothing is said of why */
export function failedWork(error: Payload<"COMMAND_RESULT">["error"], who: string): ParleyError {
  const { code, message, nextStep } = error ?? {
    code: "internal",
    message: "failed",
    nextStep: `See the log of ${who}.`,
  };
  return new ParleyError("work-failed", message, { nextStep, remoteCode: code, retryable: RETRYABLE.has(code) });
}
