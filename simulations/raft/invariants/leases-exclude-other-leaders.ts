/** While a leader has a lease, nobody leads in a later term (section 6.4.1). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "leases-exclude-other-leaders";

export function leasesExcludeOtherLeaders(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    state({ id, status }) {
      if (status.role !== "leader") return;
      for (const other of chronicle.views.values()) {
        if (!other.isUp || other.id === id) continue;
        const [earlier, later] = other.status.term < status.term ? [other.status, status] : [status, other.status];
        demand(
          !(earlier.hasLease && later.role === "leader" && earlier.term < later.term),
          NAME,
          () =>
            `node ${earlier.id} has a lease in term ${earlier.term}, and node ${later.id} leads in term ${later.term}`,
        );
      }
    },
  };
}
