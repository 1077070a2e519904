/** Nothing but the door is open to who was never let into a cluster to which this peer belonged as well. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { DOOR } from "./the-revoked-stay-out.ts";

const NAME = "strangers-get-nothing";

export function strangersGetNothing(): Invariant {
  const clusters = new Map<string, Set<string>>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "replica") {
        const { cluster, state } = happening.replica;
        if (state.members === happening.before?.members) return;
        for (const peer of state.members.keys()) {
          const known = clusters.get(peer) ?? new Set();
          clusters.set(peer, known.add(cluster));
        }
      }
      if (happening.type !== "accepted" || happening.what === DOOR) return;
      const { life, self, peer, what } = happening;
      const common = clusters.get(self)?.intersection(clusters.get(peer) ?? new Set());
      demand(
        common !== undefined && common.size > 0,
        NAME,
        () => `${life} accepts ${what} of ${peer}, which never belonged`,
      );
    },
  };
}
