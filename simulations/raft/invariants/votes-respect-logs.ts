/** The election restriction: a voter denies its vote if its own log is more up to date (section 3.6.1). */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "votes-respect-logs";
const MAX_NODES = 64;

export function votesRespectLogs(): Invariant {
  /** By term and candidate: where its log ended when it asked. */
  const asked = new Map<number, { readonly index: number; readonly term: number }>();
  return {
    name: NAME,
    sent({ id }, { type, term, index, logTerm }) {
      if (type === "vote") asked.set(term * MAX_NODES + id, { index, term: logTerm });
    },
    readied({ id, status: { vote, term }, before, mirror }, { entries, snapshot }) {
      if (vote === 0 || vote === id || before === undefined || (before.vote === vote && before.term === term)) return;
      // What else came in the same turn may have come before the vote, and a log that is cut back may vote for more.
      if (snapshot !== undefined || (entries[0]?.index ?? Infinity) <= mirror.lastIndex) return;
      const candidate = asked.get(term * MAX_NODES + vote);
      if (candidate === undefined) return;
      const [lastTerm, lastIndex] = [mirror.lastTerm, mirror.lastIndex];
      const isBehind = candidate.term < lastTerm || (candidate.term === lastTerm && candidate.index < lastIndex);
      demand(
        !isBehind,
        NAME,
        () =>
          `node ${id}, whose log ends at ${lastIndex} of term ${lastTerm}, votes for ${vote}, ` +
          `whose log ends at ${candidate.index} of term ${candidate.term}`,
      );
    },
  };
}
