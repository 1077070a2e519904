/** The one error type of `@parley/sdk`. */

/**
 * `cannot-connect`, `connection-lost`, `refused` (token, rights), `protocol` (the peer broke the protocol), `cancelled`,
 * `timed-out`; `work-failed` carries the peer's own code in {@link ParleyError.remoteCode}.
 */
export type ParleyErrorCode =
  "cannot-connect" | "connection-lost" | "refused" | "protocol" | "cancelled" | "timed-out" | "work-failed";

/** A failure seen by a client: what failed and what to do next. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ParleyErrorCode;
  readonly nextStep: string;
  /** The peer's code of a `work-failed`, such as `model-missing`. */
  readonly remoteCode: string | undefined;

  constructor(
    code: ParleyErrorCode,
    message: string,
    options: { readonly nextStep: string; readonly remoteCode?: string; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nextStep = options.nextStep;
    this.remoteCode = options.remoteCode;
  }
}
