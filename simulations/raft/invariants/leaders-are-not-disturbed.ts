/**
 * A node that leads, or has heard from its leader within an election timeout, grants no pre-vote: a node that comes back
 * disturbs nobody (sections 4.2.3, 9.6). Nor does one that ends, unless it led.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "leaders-are-not-disturbed";

export function leadersAreNotDisturbed(): Invariant {
  /** By voter, candidate and term: whether all its requests came while the voter had to refuse. */
  const requests = new Map<string, boolean>();
  return {
    name: NAME,
    receiving({ id, status, hasLivingLeader }, { type, from, term }) {
      if (type !== "pre-vote") return;
      const key = `${id} ${from} ${term}`;
      requests.set(key, hasLivingLeader() && term > status.term && requests.get(key) !== false);
    },
    heardGone({ id }, peer, before, after) {
      demand(
        before === peer || before === after,
        NAME,
        () => `node ${id} gives up its leader ${before} because ${peer} has ended`,
      );
    },
    sent({ id }, { type, reject, to, term }) {
      if (type !== "pre-vote-response" || reject) return;
      demand(
        requests.get(`${id} ${to} ${term}`) !== true,
        NAME,
        () => `node ${id} grants ${to} a pre-vote for term ${term} while it has a living leader`,
      );
    },
  };
}
