/** The one error type of `@parley/actors`. */

/**
 * Who asked or sent: `ask-timeout`: no answer in time; `cancelled`: the caller's signal was aborted; `no-such-actor`:
 * nobody lives at the address; `actor-stopped`: it ended before it took the message; `actor-failed`: it crashed on the
 * message; `mailbox-full`: refused, or dropped to make room; `bad-message`: the receiver does not take such a message;
 * `too-large`; `peer-gone`: its host cannot be reached or has ended; `unsupported`: not possible for this kind of address.
 *
 * Who owns: `stale-epoch`, `stale-term`: the effect of an owner that no longer owns.
 *
 * Who runs: `restart-limit`: a supervisor gave up on its children; `stop-timeout`: it did not end in time and was left
 * behind; `name-taken`; `bad-address`; `stash-full`; `system-stopped`; `stream-broken`: a stream lost an item or its other
 * end; `stream-timeout`: the other end of a stream was silent for too long; `bad-option`.
 */
export type ActorErrorCode =
  | "ask-timeout"
  | "cancelled"
  | "no-such-actor"
  | "actor-stopped"
  | "actor-failed"
  | "mailbox-full"
  | "bad-message"
  | "too-large"
  | "peer-gone"
  | "unsupported"
  | "stale-epoch"
  | "stale-term"
  | "restart-limit"
  | "stop-timeout"
  | "name-taken"
  | "bad-address"
  | "bad-option"
  | "stash-full"
  | "system-stopped"
  | "stream-broken"
  | "stream-timeout";

export interface ActorErrorOptions extends ErrorOptions {
  readonly isUnsent?: boolean;
}

/** A refusal the caller can act on. Broken invariants are {@link InvariantError}s instead. */
export class ActorError extends Error {
  override readonly name = "ActorError";
  readonly code: ActorErrorCode;
  /** The message has not left this host, and will not: it is certain that nobody handles it. Otherwise nothing is said of that. */
  readonly isUnsent: boolean;

  constructor(code: ActorErrorCode, message: string, options?: ActorErrorOptions) {
    super(message, options);
    this.code = code;
    this.isUnsent = options?.isUnsent ?? false;
  }
}

/** True when `error` is an {@link ActorError} with one of `codes`. */
export function isActorError(error: unknown, ...codes: readonly ActorErrorCode[]): error is ActorError {
  return error instanceof ActorError && (codes.length === 0 || codes.includes(error.code));
}

/** What whatever was thrown says of itself; never throws, though what was thrown may do so when it is looked at. */
export function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error that cannot be put into words";
  }
}

/** What must never happen has happened: the runtime contradicts itself. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** `value`, when it is one of `choices`: what comes from plain JavaScript may be anything. @throws ActorError `bad-option` */
export function mustBeOneOf<Choice extends string>(choices: readonly Choice[], value: Choice, what: string): Choice {
  if (choices.includes(value)) return value;
  throw new ActorError("bad-option", `${what} is one of ${choices.join(", ")}, not ${textOf(value)}`);
}

/** Throws {@link InvariantError} unless `condition` holds. Stays on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
