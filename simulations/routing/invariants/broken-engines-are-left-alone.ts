/** An engine that fails everything at once, and so always looks idle, does not draw all jobs to it. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "broken-engines-are-left-alone";

/** By one host within one time of being broken: until it has failed often enough, those on their way by then, and tries later. */
const MOST = 30;

export function brokenEnginesAreLeftAlone(): Invariant {
  /** By engine and host. */
  const asked = new Map<string, number>();
  return {
    name: NAME,
    see(happening, { house, plan }) {
      if (happening.type !== "sent" || plan.faults.has("overload")) return;
      const { job, engine } = happening;
      const key = `${engine}/${job.origin}`;
      const count = house.broken.has(engine) ? (asked.get(key) ?? 0) + 1 : 0;
      asked.set(key, count);
      demand(count <= MOST, NAME, () => `host ${job.origin} has asked the broken engine ${engine} ${count} times`);
    },
  };
}
