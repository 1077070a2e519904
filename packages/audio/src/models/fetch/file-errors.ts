import { isAbsolute, normalize, sep } from "node:path";
import { AudioError } from "../../errors.ts";

const NO_SPACE = new Set(["ENOSPC", "EDQUOT"]);

/** True for an error of the file system with one of `codes`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}

/** The error a person meets when writing to `path` failed: `disk-full` or `file-unwritable`. */
export function writeFailure(error: unknown, path: string): AudioError {
  if (error instanceof AudioError) return error;
  if (hasCode(error, ...NO_SPACE)) {
    return new AudioError("disk-full", `the disk is full: cannot write ${path}`, {
      nextStep: "Free some space on that disk or choose another folder for models, then try again: it resumes.",
      details: { path },
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new AudioError("file-unwritable", `cannot write ${path}: ${why}`, {
    nextStep: "Make the models folder writable for this user or choose another one.",
    details: { path },
    cause: error,
  });
}

/** Runs something that writes to `path`; its failures become {@link writeFailure}. */
export async function writing<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw writeFailure(error, path);
  }
}

/** Throws what an aborted `signal` means: `job-timed-out` for a deadline, `job-cancelled` otherwise. */
export function throwIfAborted(signal: AbortSignal, doing: string): void {
  if (!signal.aborted) return;
  const cause: unknown = signal.reason;
  if (cause instanceof AudioError) throw cause;
  const nextStep = "Start it again when you like: what has arrived is kept.";
  throw cause instanceof Error && cause.name === "TimeoutError"
    ? new AudioError("job-timed-out", `out of time while ${doing}`, { nextStep, cause })
    : new AudioError("job-cancelled", `cancelled while ${doing}`, { nextStep, cause });
}

/** True when `path` stays inside the folder it will be joined to, on every platform. */
export function isInsidePath(path: string): boolean {
  if (path === "" || path.includes("\0") || path.includes("\\") || isAbsolute(path) || /^[A-Za-z]:/.test(path))
    return false;
  const clean = normalize(path);
  return clean !== "." && clean.split(sep)[0] !== ".." && !path.split("/").includes("..");
}
