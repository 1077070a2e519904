/** What must not leave its host is never sent to another. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "private-work-stays-home";

export function privateWorkStaysHome(): Invariant {
  return {
    name: NAME,
    see(happening, { plan }) {
      if (happening.type !== "sent" || !happening.job.isPrivate) return;
      const { job, engine } = happening;
      const host = plan.fleet.engines[engine]?.host;
      demand(host === job.origin, NAME, () => `job ${job.id} of host ${job.origin} was sent to host ${host}`);
    },
  };
}
