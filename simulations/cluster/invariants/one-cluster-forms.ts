/**
 * DECISIONS 10: peers that run, see each other and hold the secret end in one cluster, and a cluster that is alone and empty
 * yields to the other that it meets. Two that both hold something stay two.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-cluster-forms";

export function oneClusterForms(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "healed") return;
      const { peers, formedInCalm, founders } = happening;
      const clusters = Map.groupBy(
        peers.filter(({ belonging }) => belonging === "member"),
        ({ cluster }) => cluster,
      );
      const told = (): string => [...clusters].map(([id, of]) => `${id} of ${of.length}`).join(", ");
      const ofFounders = new Set(
        peers
          .filter(({ machine, belonging }) => machine <= founders && belonging === "member")
          .map(({ cluster }) => cluster),
      );
      demand(
        !formedInCalm || ofFounders.size <= 1,
        NAME,
        () => `nothing disturbed the founders, and there are ${told()}`,
      );
      if (clusters.size <= 1) return;
      const empty = peers.find(({ belonging, isAloneAndEmpty }) => belonging === "member" && isAloneAndEmpty);
      demand(
        empty === undefined,
        NAME,
        () => `machine ${empty?.machine} keeps an empty cluster beside others: ${told()}`,
      );
    },
  };
}
