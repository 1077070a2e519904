/** While a leader has a lease, nobody leads in a later term (section 6.4.1). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "leases-exclude-other-leaders";

export function leasesExcludeOtherLeaders(chronicle: Chronicle): Invariant {
  const check = (holder: number, term: number, leader: number, later: number): void => {
    demand(false, NAME, () => `node ${holder} has a lease in term ${term}, and node ${leader} leads in term ${later}`);
  };
  return {
    name: NAME,
    state({ id, status, before, current }) {
      if (status.role !== "leader") return;
      const isNew = before?.role !== "leader" || before.term !== status.term;
      for (const other of chronicle.views.values()) {
        if (!other.isUp || other.id === id) continue;
        const { role, term } = other.status;
        const isLate = status.hasLease && role === "leader" && term > status.term;
        if (isLate && current() !== undefined) check(id, status.term, other.id, term);
        if (!isNew || role !== "leader" || term >= status.term) continue;
        const now = other.current();
        if (now?.hasLease === true && now.term < status.term) check(other.id, now.term, id, status.term);
      }
    },
  };
}
