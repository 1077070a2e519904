/** Leader Append-Only: a leader never overwrites or deletes entries in its log, it only appends (section 3.2). */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "leader-append-only";

export function leaderAppendOnly(): Invariant {
  /** Per node: the term it led in at its last Ready, and the end of its log then. */
  const led = new Map<number, { readonly term: number; readonly lastIndex: number }>();
  return {
    name: NAME,
    started: ({ id }) => void led.delete(id),
    readied({ id, status }, { entries, snapshot }) {
      const before = led.get(id);
      if (before === undefined || status.role !== "leader" || status.term !== before.term) return;
      const from = snapshot?.index ?? entries[0]?.index ?? Infinity;
      demand(from > before.lastIndex, NAME, () => `leader ${id} rewrites its log from ${from}, of ${before.lastIndex}`);
    },
    logged({ id, status: { role, term }, mirror: { lastIndex } }) {
      if (role === "leader") led.set(id, { term, lastIndex });
      else led.delete(id);
    },
  };
}
