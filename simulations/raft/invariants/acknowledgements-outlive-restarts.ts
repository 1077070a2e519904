/**
 * What a node acknowledged is still there when it starts again, or it doubts its log: the committed entries among those it
 * acknowledged, the last term it answered in, and its vote in it (figure 3.1: persistent state).
 */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "acknowledgements-outlive-restarts";

interface Promised {
  /** The last entry acknowledged, and its term. */
  index: number;
  entryTerm: number;
  /** The last committed entry among those that were acknowledged. */
  committed: number;
  term: number;
  vote: number;
}

export function acknowledgementsOutliveRestarts(chronicle: Chronicle): Invariant {
  const promises = new Map<number, Promised>();
  const promisedBy = (id: number): Promised => {
    const known = promises.get(id) ?? { index: 0, entryTerm: 0, committed: 0, term: 0, vote: 0 };
    promises.set(id, known);
    return known;
  };
  return {
    name: NAME,
    sent({ id, mirror }, { type, reject, term, to, index }) {
      if (reject || (type !== "append-response" && type !== "vote-response")) return;
      const promised = promisedBy(id);
      if (term > promised.term) Object.assign(promised, { term, vote: 0 });
      if (type === "vote-response" && term === promised.term) promised.vote = to;
      if (type === "append-response") Object.assign(promised, { index, entryTerm: mirror.term(index) });
    },
    committed(_, last) {
      for (const [id, promised] of promises) {
        const index = Math.min(promised.index, last);
        const mirror = chronicle.views.get(id)?.mirror;
        // What was acknowledged and then replaced was never committed.
        const isStillThere = mirror?.term(promised.index) === promised.entryTerm;
        if (isStillThere && mirror?.term(index) === chronicle.committedAt(index)?.term)
          promised.committed = Math.max(promised.committed, index);
      }
    },
    started({ id, status, durable, isDoubtful }) {
      if (isDoubtful()) return void promises.delete(id);
      const { committed, term, vote } = promisedBy(id);
      const entryTerm = chronicle.committedAt(committed)?.term;
      demand(
        entryTerm === undefined || durable.holds(committed, entryTerm),
        NAME,
        () => `node ${id} starts without doubt and without the committed entry ${committed}, which it had acknowledged`,
      );
      demand(
        status.term > term || (status.term === term && (vote === 0 || status.vote === vote)),
        NAME,
        () => `node ${id} starts in term ${status.term} with vote ${status.vote}, after a vote for ${vote} in ${term}`,
      );
    },
  };
}
