/** Some time after the last fault every shard is owned by a region that lives; after more of it, all by about as many. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "shards-have-owners";

export function shardsHaveOwners(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "placement-healed") {
        const { orphans } = happening;
        demand(orphans.length === 0, NAME, () => orphans.join("; "));
      }
      if (happening.type !== "calm") return;
      const { shares } = happening;
      const difference = Math.max(...shares) - Math.min(...shares);
      demand(difference <= 1, NAME, () => `hosts own ${shares.join(", ")} shards, and nothing keeps them from balance`);
    },
  };
}
