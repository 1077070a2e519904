/** Each server votes for at most one candidate in a given term (section 3.4), across all its lives. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-vote-per-term";
const MAX_NODES = 64;

export function oneVotePerTerm(): Invariant {
  const votes = new Map<number, number>();
  const note = (id: number, term: number, candidate: number): void => {
    const key = term * MAX_NODES + id;
    const before = votes.get(key);
    if (before === undefined) votes.set(key, candidate);
    else {
      demand(
        before === candidate,
        NAME,
        () => `node ${id} votes for ${candidate} in term ${term}, after it had voted for ${before}`,
      );
    }
  };
  return {
    name: NAME,
    sent({ id }, { type, reject, term, to }) {
      if (type === "vote-response" && !reject) note(id, term, to);
    },
    durable({ id, durable }) {
      const { term, vote } = durable.hardState;
      if (vote !== 0) note(id, term, vote);
    },
  };
}
