/** The one error type of `@parley/raft`. */

/**
 * `proposal-dropped`: no leader, a transfer is under way, or too much is uncommitted; `unknown-peer`: a response from
 * someone who is not in the configuration; `local-message`: a message of the core's own came from outside;
 * `compacted`, `unavailable`, `snapshot-out-of-date`, `snapshot-unavailable`: the log store's answers;
 * `bad-membership-change`: it breaks a rule of configuration changes; `corrupt`: bytes that do not decode or do not match
 * their checksum; `locked`: another process has the log open; `storage-failed`: a write did not succeed, and nothing can
 * be written until the log is opened anew; `log-lost`: others know of entries that this log had and has no more, as after an
 * older copy was put in its place: opened anew it is in doubt; `unknown-format`: written by a version that this one cannot read;
 * `unreachable`: a peer could not be reached; `closed`.
 */
export type RaftErrorCode =
  | "proposal-dropped"
  | "unknown-peer"
  | "local-message"
  | "compacted"
  | "unavailable"
  | "snapshot-out-of-date"
  | "snapshot-unavailable"
  | "bad-membership-change"
  | "corrupt"
  | "locked"
  | "storage-failed"
  | "log-lost"
  | "unknown-format"
  | "unreachable"
  | "closed";

/** A refusal the caller can act on. Broken invariants are {@link InvariantError}s instead, and stop the node. */
export class RaftError extends Error {
  override readonly name = "RaftError";
  readonly code: RaftErrorCode;

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** True when `error` is a {@link RaftError} with one of `codes`. */
export function isRaftError(error: unknown, ...codes: readonly RaftErrorCode[]): error is RaftError {
  return error instanceof RaftError && (codes.length === 0 || codes.includes(error.code));
}

/** What must never happen has happened: continuing could lose or fork the log. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws {@link InvariantError} unless `condition` holds. Stays on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
