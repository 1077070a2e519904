/** Makes a failing run simpler: fault kinds are left out one by one, as long as the same invariant still breaks. */
import type { Library } from "./library.ts";
import type { Fault } from "./plan.ts";
import { runSeed, type Run } from "./run.ts";

/** The fewest fault kinds found with which `failing` still fails in the same way. */
export async function shrink(failing: Run, library?: Library): Promise<Run> {
  let best = failing;
  for (let removed = true; removed;) {
    removed = false;
    for (const fault of best.faults) {
      const only = new Set<Fault>(best.faults.filter((other) => other !== fault));
      const run = await runSeed(failing.seed, { only, ...(library && { library }) });
      if (run.violation?.invariant !== failing.violation?.invariant) continue;
      best = run;
      removed = true;
    }
  }
  return best;
}

/** The command that replays `run`, byte for byte. */
export function replayCommand({ seed, faults }: Run): string {
  return `npm run -s simulate -- actors --seed ${seed} --faults ${faults.join(",") || "none"} --trace`;
}
