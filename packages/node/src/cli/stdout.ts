/** What becomes of a command when nobody takes what it writes. */
import type { Writable } from "node:stream";
import { codeOf, exitCodeOf, messageOf, PeerError, type ExitCode } from "../errors.ts";
import { failureJson, failureText } from "./failure.ts";

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/** A reader that closes its end (`parley models list | head -1`), and a terminal that is closed. */
const READER_GONE = new Set(["EPIPE", "EIO"]);

/** The standard streams of a command. */
export interface Outlets {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** What the failure of stdout makes the command end with, whatever else; undefined while it can be written. */
  readonly failure: () => ExitCode | undefined;
}

/**
 * Writes to `out` and `err` until `out` fails. A reader that goes away is no failure; what cannot be written is told once, as JSON
 * when `json`. After both nothing more is told, and `stop` is called with the exit code, once: whatever runs on is to end in order.
 */
export function outletsTo(out: Writable, err: Writable, json: boolean, stop: (code: ExitCode) => void): Outlets {
  let failure: ExitCode | undefined;
  const onError = (error: unknown): void => {
    if (failure !== undefined) return;
    if (READER_GONE.has(codeOf(error))) failure = 0;
    else {
      const told = unwritable(error);
      failure = exitCodeOf(told);
      err.write(json ? failureJson(told) : failureText(told));
    }
    stop(failure);
  };
  out.on("error", onError);
  return {
    stdout: (text) => {
      if (failure === undefined) out.write(text);
    },
    stderr: (text) => {
      if (failure === undefined || failure === 0) err.write(text);
    },
    failure: () => (failure === 0 ? undefined : failure),
  };
}

function unwritable(cause: unknown): PeerError {
  const code = codeOf(cause);
  if (FULL.has(code)) {
    return new PeerError("disk-full", `No room to write the output (${code}).`, {
      nextStep: "Free some space, or write to another disk.",
      cause,
    });
  }
  return new PeerError("file-unwritable", `Cannot write the output: ${messageOf(cause)}.`, {
    nextStep: "Check where the output is led to.",
    cause,
  });
}
