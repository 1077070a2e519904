/** What is replicated. */

/** One committed command. */
export interface Command {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

/**
 * The application's state. Equal commands in equal order must lead to equal states and results on every node, whatever
 * the bytes. It is rebuilt on start from the newest snapshot and the log after it, and keeps nothing durable itself.
 */
export interface StateMachine {
  /**
   * Carries out commands in order; one result for each. Results of commands of a client session are kept with the session
   * for its retries, so they should be small. Must not throw: a command that makes no sense has a result that says so.
   */
  apply(commands: readonly Command[]): readonly Uint8Array[];
  /** The state as of this call, in chunks: later commands must not change what is still to be read. */
  snapshot(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Becomes what {@link snapshot} gave. @throws RaftError `corrupt`; the node stops then. */
  restore(contents: AsyncIterable<Uint8Array>): Promise<void>;
}
