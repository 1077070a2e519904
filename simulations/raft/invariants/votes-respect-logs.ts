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
    state({ id, status: { vote, term }, before, mirror, isSettled }) {
      if (vote === 0 || vote === id || !isSettled) return;
      if (before?.vote === vote && before.term === term) return;
      const candidate = asked.get(term * MAX_NODES + vote);
      if (candidate === undefined || before === undefined) return;
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
