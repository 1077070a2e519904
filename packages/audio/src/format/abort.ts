/** One way to wait with an AbortSignal, and one error for it. */
import { AudioError } from "../errors.ts";

/** The typed error of an aborted `signal`: `job-timed-out` when its reason is a TimeoutError, else `job-cancelled`. */
export function abortError(signal: AbortSignal, doing: string): AudioError {
  const reason: unknown = signal.reason;
  if (reason instanceof AudioError) return reason;
  const timedOut = reason instanceof Error && reason.name === "TimeoutError";
  return timedOut
    ? new AudioError("job-timed-out", `Out of time while ${doing}.`, {
        nextStep: "Try again, or allow more time.",
        cause: reason,
      })
    : new AudioError("job-cancelled", `Cancelled while ${doing}.`, {
        nextStep: "Nothing to do: it was cancelled on request.",
        cause: reason,
      });
}

/** `promise`, or a rejection with {@link abortError} as soon as `signal` aborts. Leaves no listener behind. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined, doing: string): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortError(signal, doing));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
