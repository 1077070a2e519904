/** Once all is well again nobody waits for anything for ever: each turn ends, and what sessions write is written. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "waits-end";

export function waitsEnd(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "healed") return;
      const { waiting, reports } = happening;
      demand(waiting.length === 0, NAME, () => `these still wait: ${waiting.join(", ")}`);
      const behind = reports.filter(({ journal }) => journal === "behind");
      demand(behind.length === 0, NAME, () => `the journal of ${behind[0]?.session} at ${behind[0]?.peer} is behind`);
    },
  };
}
