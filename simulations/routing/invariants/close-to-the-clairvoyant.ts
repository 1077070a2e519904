/** Where nothing fails jobs are done nearly as soon as if everything were known beforehand. */
import { demand } from "../../kit/violation.ts";
import { clairvoyant } from "../choosers/clairvoyant.ts";
import { House } from "../house.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "close-to-the-clairvoyant";

/** Of the mean; in a run of some hundred jobs chance has its part. */
const MOST = 1.3;

export function closeToTheClairvoyant(): Invariant {
  return {
    name: NAME,
    end({ plan, house }) {
      if (plan.faults.size > 0) return;
      const best = new House({ ...plan, chooser: clairvoyant }).run();
      // What was refused is in neither mean.
      const done = new Set(house.endings.filter(({ outcome }) => outcome === "done").map(({ job }) => job.id));
      const meanMs = (endings: House["endings"]): number => {
        const took = endings.filter(({ job }) => done.has(job.id)).map(({ tookMs }) => tookMs);
        return took.reduce((sum, ms) => sum + ms, 0) / Math.max(1, took.length);
      };
      const [ours, theirs] = [meanMs(house.endings), meanMs([...best])];
      demand(ours <= theirs * MOST, NAME, () => `${Math.round(ours)} ms on average beside ${Math.round(theirs)} ms`);
    },
  };
}
