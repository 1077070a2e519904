/** The one error type of `@parley/sdk`. */

/**
 * - `cannot-connect`: nobody answers at the addresses that are known
 * - `connection-lost`: it was lost in the middle, and what was under way could not be carried on
 * - `refused`: the peer said no: token, rights, no such target; its own code is in {@link ParleyError.remoteCode}
 * - `protocol`: the peer broke the protocol
 * - `cancelled`: by the caller's own signal, or because it closed the client
 * - `timed-out`: no answer in time
 * - `overloaded`: more waits in this client than it keeps
 * - `work-failed`: the peer's own code is in {@link ParleyError.remoteCode}
 */
export type ParleyErrorCode =
  | "cannot-connect"
  | "connection-lost"
  | "refused"
  | "protocol"
  | "cancelled"
  | "timed-out"
  | "overloaded"
  | "work-failed";

/** Options of {@link ParleyError}. */
export interface ParleyErrorOptions {
  readonly nextStep: string;
  readonly remoteCode?: string | undefined;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** A failure seen by a client: what failed and what to do next. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ParleyErrorCode;
  readonly nextStep: string;
  /** The peer's code of what it refused or failed at, such as `model-missing` or `TARGET_NOT_FOUND`. */
  readonly remoteCode: string | undefined;
  /** The same may succeed if it is asked again: nothing of it is known to have been done, or doing it twice does no harm. */
  readonly retryable: boolean;

  constructor(code: ParleyErrorCode, message: string, options: ParleyErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nextStep = options.nextStep;
    this.remoteCode = options.remoteCode;
    this.retryable = options.retryable ?? false;
  }
}

/** What `signal` says: the caller wants no more, or the time is over. */
export function abortedError(signal: AbortSignal, doing: string): ParleyError {
  const isTimeout = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  return isTimeout
    ? new ParleyError("timed-out", `${doing} took too long`, {
        nextStep: "Try again later.",
        retryable: true,
        cause: signal.reason,
      })
    : new ParleyError("cancelled", `${doing} was cancelled`, {
        nextStep: "Ask again when ready.",
        cause: signal.reason,
      });
}

/** The caller has given what nobody can send. */
export function unusableError(message: string, nextStep: string, cause?: unknown): ParleyError {
  return new ParleyError("refused", message, { nextStep, remoteCode: "INVALID_MESSAGE", cause });
}

/** As JSON. @throws ParleyError `refused` for what has none: circles, bigints */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw unusableError(
      "this cannot be sent: it cannot be written as JSON",
      "Send plain data, without circles and bigints.",
      cause,
    );
  }
}

/** The longest that platforms' timers count to. */
const MOST_MS = 2 ** 31 - 1;

/** A time that is given by a caller, as timers take it. @throws ParleyError `refused` for what is none */
export function timeoutOf(timeoutMs: number): number {
  if (timeoutMs > 0) return Math.min(MOST_MS, timeoutMs);
  throw unusableError(`timeoutMs is ${timeoutMs}: nothing can be done in that time`, "Give milliseconds, more than 0.");
}
