/** Nobody is given a vote that has said, as far as the prime knows, that it sleeps; nor who is about to be revoked. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";

const NAME = "sleepers-get-no-vote";
/** A change that was under way before may still come to pass. */
const UNDER_WAY = 10_000_000;

interface Asleep {
  readonly since: number;
  hasVoted: boolean;
}

export function sleepersGetNoVote(library: Library): Invariant {
  /** By the life and term of a prime, and the sleeping peer. */
  const asleep = new Map<string, Asleep>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica" || happening.replica.role !== "leader") return;
      const { life, term, state, voters, at } = happening.replica;
      for (const { peer, node } of state.members.values()) {
        const key = `${life}/${term}/${peer}`;
        const votes = voters.includes(node);
        if (!library.restsVote(state, peer)) {
          asleep.delete(key);
          continue;
        }
        const known = asleep.get(key) ?? { since: at, hasVoted: votes };
        asleep.set(key, known);
        const isNew = votes && !known.hasVoted;
        known.hasVoted = votes;
        demand(!isNew || at - known.since <= UNDER_WAY, NAME, () => `${life} has given ${peer} a vote, which sleeps`);
      }
    },
  };
}
