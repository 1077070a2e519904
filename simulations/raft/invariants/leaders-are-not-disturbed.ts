/**
 * With check-quorum, a node that leads, or has heard from its leader within an election timeout, grants no pre-vote: a node
 * that comes back disturbs nobody (sections 4.2.3, 9.6).
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant, View } from "../chronicle.ts";

const NAME = "leaders-are-not-disturbed";

function isInLease({ checkQuorum, status, ticksSinceLeader, electionTicks }: View): boolean {
  if (!checkQuorum) return false;
  return status.role === "leader" || (status.lead !== 0 && ticksSinceLeader < electionTicks);
}

export function leadersAreNotDisturbed(): Invariant {
  /** By voter, candidate and term: whether all its requests came while the voter had to refuse. */
  const requests = new Map<string, boolean>();
  return {
    name: NAME,
    receiving(view, { type, from, term }) {
      if (type !== "pre-vote") return;
      const key = `${view.id} ${from} ${term}`;
      requests.set(key, isInLease(view) && term > view.status.term && requests.get(key) !== false);
    },
    sent({ id, checkQuorum }, { type, reject, to, term }) {
      if (type !== "pre-vote-response" || reject || !checkQuorum) return;
      demand(
        requests.get(`${id} ${to} ${term}`) !== true,
        NAME,
        () => `node ${id} grants ${to} a pre-vote for term ${term} while it has a living leader`,
      );
    },
  };
}
