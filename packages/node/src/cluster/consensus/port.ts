/**
 * What the cluster needs of whatever makes it agree. The engine that is built in runs Raft (`raft-consensus.ts`); a site's own
 * may take its place if it passes `consensusSuite` of @parley/node/testing. Who takes part is a port of its own (membership).
 */
import type { Leadership } from "@parley/actors";

export interface Consensus {
  /**
   * Brings a command before the state machines of all hosts. Settles once it is applied here, or with what else became of it;
   * never rejects, and never takes longer than `timeoutMs`. It is carried out once at most, whatever the engine has to
   * repeat on the way.
   */
  propose(command: Uint8Array, options: { readonly timeoutMs: number }): Promise<ProposeOutcome>;
  /** Settles once the state machine here holds all that was committed anywhere when this was called. Never rejects. */
  read(options: { readonly timeoutMs: number }): Promise<ReadOutcome>;
  /** Calls `applied` after the state machine here has changed, not for each command, and not from within; it must not throw. */
  watch(applied: () => void): () => void;
  /** Who is prime. Its term is that of the log entries which that prime writes. */
  readonly leadership: Leadership;
}

export type ProposeOutcome = Committed | NotDone | Unknown;

/** Durable, and applied here. */
export interface Committed {
  readonly outcome: "committed";
  readonly index: number;
  readonly term: number;
  /** The state machine's. */
  readonly result: Uint8Array;
}

/** Nothing was done, and nothing will be. */
export interface NotDone {
  readonly outcome: "refused";
  readonly reason: NotDoneReason;
  /** For a person. */
  readonly detail: string;
}

/** `no-quorum`: nobody was prime, or could be reached, in time. */
export type NotDoneReason = "no-quorum" | "overloaded" | "too-large" | "stopped";

/** It may have been done, may still be done, or never. */
export interface Unknown {
  readonly outcome: "unknown";
  readonly detail: string;
}

export type ReadOutcome = { readonly outcome: "readable" } | NotDone;

/** Refused. */
export function notDone(reason: NotDoneReason, detail: string): NotDone {
  return { outcome: "refused", reason, detail };
}
