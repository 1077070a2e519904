/** A watcher is told once, and never that an actor has ended which lives. Of a host it may only hear that it is gone. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "ends-are-told-once";

export function endsAreToldOnce(): Invariant {
  const told = new Set<number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "end-told") return;
      const { watch, of, reason, hasEnded } = happening;
      demand(!told.has(watch), NAME, () => `the end of ${of} is told twice to one watcher`);
      told.add(watch);
      demand(hasEnded || reason === "peer-gone", NAME, () => `${of} is said to have ended (${reason}), and lives`);
    },
  };
}
