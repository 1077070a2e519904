/** Every job ends once, with a result or a refusal; where nothing fails nobody is sent round until it is given up. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "every-job-ends";

export function everyJobEnds(): Invariant {
  return {
    name: NAME,
    end({ plan, house }) {
      const ended = new Set(house.endings.map(({ job }) => job.id));
      const isWhole = ended.size === plan.jobs.length && house.endings.length === plan.jobs.length;
      demand(
        isWhole,
        NAME,
        () => `${plan.jobs.length} jobs came, ${ended.size} have ended, ${house.endings.length} times`,
      );
      const lost = house.endings.filter(({ outcome }) => outcome === "lost");
      const mayBeLost = plan.faults.has("deaths") || plan.faults.has("broken-engines") || plan.faults.has("overload");
      demand(
        mayBeLost || lost.length === 0,
        NAME,
        () => `${lost.length} jobs were sent round until they were given up`,
      );
    },
  };
}
