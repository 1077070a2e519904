/** A node whose log may have lost what it promised neither votes nor campaigns until it was made a voter anew. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "doubtful-nodes-do-not-vote";

export function doubtfulNodesDoNotVote(): Invariant {
  return {
    name: NAME,
    sent({ id, isDoubtful }, { type, reject, to, term }) {
      const isVote = type === "vote" || type === "pre-vote";
      const isGrant = (type === "vote-response" || type === "pre-vote-response") && !reject;
      if (!isVote && !isGrant) return;
      demand(!isDoubtful(), NAME, () => `node ${id} doubts its log, and sends ${to} a ${type} in term ${term}`);
    },
  };
}
