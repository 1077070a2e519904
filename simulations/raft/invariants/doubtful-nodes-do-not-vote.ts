/**
 * A node whose log may have lost what it promised neither votes nor campaigns until it was made a voter anew: the others
 * did without it first, in an entry committed after its loss was found.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { isVoter } from "../membership-model.ts";

const NAME = "doubtful-nodes-do-not-vote";

export function doubtfulNodesDoNotVote(): Invariant {
  /** Nodes that were found to doubt, and whether the others have done without them since. */
  const doubting = new Map<number, boolean>();
  return {
    name: NAME,
    doubted({ id }) {
      if (!doubting.has(id)) doubting.set(id, false);
    },
    configured(_, __, after) {
      for (const [id, wasLeftOut] of doubting) {
        if (!isVoter(after, id)) doubting.set(id, true);
        else if (wasLeftOut && after.voters.includes(id)) doubting.delete(id);
      }
    },
    started({ id, status: { confState } }) {
      // Alone it has nobody to ask, and contradicts nobody.
      if (confState.votersOutgoing.length === 0 && confState.voters.join() === String(id)) doubting.delete(id);
    },
    sent({ id, isDoubtful }, { type, reject, to, term }) {
      const isVote = type === "vote" || type === "pre-vote";
      const isGrant = (type === "vote-response" || type === "pre-vote-response") && !reject;
      if (!isVote && !isGrant) return;
      demand(
        !isDoubtful() && !doubting.has(id),
        NAME,
        () => `node ${id} doubts its log, and sends ${to} a ${type} in term ${term}`,
      );
    },
  };
}
