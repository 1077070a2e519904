/** In the placement table terms and epochs only grow: a coordinator of an old term changes nothing after a newer one has. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "table-only-grows";

export function tableOnlyGrows(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "table") return;
      const { before, after } = happening;
      demand(after.term >= before.term, NAME, () => `a coordinator of ${after.term} changes it after ${before.term}`);
      for (const [shard, { epoch, owner }] of after.rows.entries()) {
        const old = before.rows[shard];
        const isSame = old?.epoch === epoch && old.owner === owner;
        demand(isSame || epoch > (old?.epoch ?? 0), NAME, () => `shard ${shard} goes to ${owner} in epoch ${epoch}`);
      }
    },
  };
}
