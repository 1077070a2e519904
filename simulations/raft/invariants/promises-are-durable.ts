/** Nobody answers out of a future the disk does not know: what a vote or an acknowledgement promises is durable (section 3.8). */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "promises-are-durable";

export function promisesAreDurable(): Invariant {
  return {
    name: NAME,
    sent({ id, durable }, { type, reject, term, to, index }) {
      if (reject) return;
      const { hardState } = durable;
      if (type === "vote-response") {
        const isKept = hardState.term > term || (hardState.term === term && hardState.vote === to);
        demand(isKept, NAME, () => `node ${id} grants its vote in term ${term} to ${to} before that is durable`);
      }
      if (type === "append-response" && hardState.term <= term) {
        demand(hardState.term === term, NAME, () => `node ${id} answers in term ${term}, which is not durable`);
        demand(
          index <= durable.lastIndex,
          NAME,
          () => `node ${id} acknowledges ${index}, but its disk ends at ${durable.lastIndex}`,
        );
      }
    },
  };
}
