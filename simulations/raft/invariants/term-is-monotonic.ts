/** Terms increase monotonically (section 3.3), also across restarts: a term that was answered in is never left behind. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "term-is-monotonic";

export function termIsMonotonic(): Invariant {
  /** Per node: the highest term it gave a binding answer in. */
  const promised = new Map<number, number>();
  return {
    name: NAME,
    started({ id, status: { term } }) {
      const least = promised.get(id) ?? 0;
      demand(term >= least, NAME, () => `node ${id} starts in term ${term} after it had answered in term ${least}`);
    },
    state({ id, status: { term }, before }) {
      if (before === undefined || term >= before.term) return;
      demand(false, NAME, () => `node ${id} goes from term ${before.term} back to ${term}`);
    },
    sent({ id }, { type, term, reject }) {
      if (reject || (type !== "append-response" && type !== "vote-response")) return;
      promised.set(id, Math.max(promised.get(id) ?? 0, term));
    },
  };
}
