/**
 * Once all is well everybody belongs or has left for good, each cluster has one prime that all know and that has announced
 * itself, up to five voters, all of them there and odd in number where that can be, and writes come through.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "clusters-come-to-order";

export function clustersComeToOrder(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "healed") return;
      const { trouble } = happening;
      demand(trouble === undefined, NAME, () => trouble ?? "");
    },
  };
}
