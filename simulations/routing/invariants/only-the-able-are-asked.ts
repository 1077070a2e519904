/** Nobody is asked for what it cannot do: another kind of work, or a language that it does not know. */
import { demand } from "../../kit/violation.ts";
import { canDo } from "../work.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "only-the-able-are-asked";

export function onlyTheAbleAreAsked(): Invariant {
  return {
    name: NAME,
    see(happening, { plan }) {
      if (happening.type !== "sent") return;
      const { job } = happening;
      const engine = plan.fleet.engines[happening.engine];
      const isAble = engine !== undefined && canDo(engine, job);
      demand(isAble, NAME, () => `job ${job.id} (${job.kind}, ${job.language}) was sent to engine ${happening.engine}`);
    },
  };
}
