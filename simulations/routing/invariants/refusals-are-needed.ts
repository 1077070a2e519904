/** Where nothing fails nobody is refused while an engine that can do it is, in truth, far from as busy as may be waited for. */
import { demand } from "../../kit/violation.ts";
import { canDo, capacityPerMs } from "../work.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "refusals-are-needed";

/** Reports are late, and sizes are not known beforehand: jobs may take so many times as long as expected. */
const SLACK = 4;

/** What was sent to an engine so recently may still be on its way. */
const ON_ITS_WAY_MS = 200;

export function refusalsAreNeeded(): Invariant {
  const sentMs = new Map<number, number>();
  return {
    name: NAME,
    see(happening, { plan, house }) {
      if (happening.type === "sent") sentMs.set(happening.engine, happening.atMs);
      if (happening.type !== "ended" || happening.ending.outcome !== "refused") return;
      if ([...plan.faults].some((fault) => fault !== "overload")) return;
      const { job } = happening.ending;
      const able = plan.fleet.engines.filter((engine) => canDo(engine, job));
      const allowed = job.isPrivate ? able.filter(({ host }) => host === job.origin) : able;
      const free = allowed.find((engine) => {
        if (house.nowMs - (sentMs.get(engine.index) ?? -Infinity) < ON_ITS_WAY_MS) return false;
        const { running = 0, queued = 0 } = house.engines[engine.index] ?? {};
        return ((running + queued) / capacityPerMs([engine])) * SLACK < plan.patienceMs;
      });
      demand(free === undefined, NAME, () => `job ${job.id} was refused while engine ${free?.index} was nearly idle`);
    },
  };
}
