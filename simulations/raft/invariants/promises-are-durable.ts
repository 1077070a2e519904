/**
 * Nobody answers out of a future the disk does not know: what a vote or an acknowledgement promises is durable (section 3.8),
 * and claimed in the high-water record, without which its loss would not be noticed.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "promises-are-durable";

export function promisesAreDurable(): Invariant {
  return {
    name: NAME,
    sent({ id, durable }, { type, reject, term, to, index }) {
      if (reject) return;
      if (type !== "vote-response" && type !== "append-response") return;
      const { hardState, claim } = durable;
      if (type === "vote-response") {
        const isKept = hardState.term > term || (hardState.term === term && hardState.vote === to);
        demand(isKept, NAME, () => `node ${id} grants its vote in term ${term} to ${to} before that is durable`);
        const isClaimed = claim !== undefined && (claim.term > term || (claim.term === term && claim.vote === to));
        demand(isClaimed, NAME, () => `node ${id} grants its vote in term ${term} to ${to} before that is claimed`);
      }
      if (type === "append-response" && hardState.term <= term) {
        demand(hardState.term === term, NAME, () => `node ${id} answers in term ${term}, which is not durable`);
        demand(
          index <= durable.lastIndex,
          NAME,
          () => `node ${id} acknowledges ${index}, but its disk ends at ${durable.lastIndex}`,
        );
        demand(
          claim?.term === term && index <= claim.last.index,
          NAME,
          () => `node ${id} acknowledges ${index} of term ${term}, but claims only ${JSON.stringify(claim)}`,
        );
      }
    },
  };
}
