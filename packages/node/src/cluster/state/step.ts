/** What the parts of the state machine give back. */
import { refused, type CommandResult, type RefusalReason } from "./codec.ts";
import type { ClusterState } from "./model.ts";

/** Where a command stands in the log. */
export interface LogPosition {
  readonly index: number;
  /** Of the prime that wrote it there. */
  readonly term: number;
}

export interface Step {
  readonly state: ClusterState;
  readonly result: CommandResult;
}

/** Nothing changes. */
export function refuse(state: ClusterState, reason: RefusalReason, detail: string): Step {
  return { state, result: refused(reason, detail) };
}

/**
 * Why what a prime does is not accepted: it is prime no more. Its term must be that of the log entry, so that a command
 * that waited until somebody else was elected is refused as well.
 */
export function staleTerm(term: number, at: LogPosition): string | undefined {
  if (term === at.term) return undefined;
  return `the term is ${at.term} by now, and not ${term}: whoever was prime then is not any more`;
}
