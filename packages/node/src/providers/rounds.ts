/** What belongs to one answer of several rounds: a model writes, is stopped for a tool, and goes on with what came of it. */

/** The rounds of one answer, one after the other. */
export interface Rounds {
  /** Random, so that no other answer of the house has it. */
  readonly id: string;
  /** Who wrote the last: the next is rather written there. Kept by whoever moves answers about. */
  peer: string | undefined;
}

export function newRounds(): Rounds {
  return { id: crypto.randomUUID(), peer: undefined };
}
