/** A leader takes no membership change in while one is uncommitted (section 4.1). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "one-membership-change-at-a-time";

export function oneMembershipChangeAtATime(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    logged({ id, mirror, status }, { entries }) {
      if (status.role !== "leader" || !entries.some(({ type }) => type !== "normal")) return;
      let under = 0;
      for (let index = chronicle.lastCommitted + 1; index <= mirror.lastIndex; index += 1) {
        const entry = mirror.at(index);
        if (entry !== undefined && entry.type !== "normal") under += 1;
      }
      demand(under <= 1, NAME, () => `leader ${id} has ${under} uncommitted membership changes in its log`);
    },
  };
}
