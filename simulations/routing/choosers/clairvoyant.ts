/**
 * Who knows everything: how long each job will really take on each engine, and when each place of each engine will be free. Jobs
 * are placed in the order in which they come, each where it is done first (list scheduling to earliest completion).
 */
import type { Chooser, Surroundings } from "../chooser.ts";
import { wayMs } from "../fleet.ts";
import { canDo, serviceMs, type Job } from "../work.ts";

export function clairvoyant({ fleet, now }: Surroundings): Chooser {
  /** When each place of each engine is free of what was placed so far. */
  const freeMs = fleet.engines.map(({ concurrency }) => Array.from({ length: concurrency }, () => 0));

  return {
    name: "clairvoyant",
    place(job: Job): number | undefined {
      let best: { readonly engine: number; readonly doneMs: number; readonly backMs: number } | undefined;
      for (const engine of fleet.engines) {
        if (!canDo(engine, job) || (job.isPrivate && engine.host !== job.origin)) continue;
        const way = wayMs(fleet, job.origin, engine.host);
        const beginMs = Math.max(now() + way, Math.min(...(freeMs[engine.index] ?? [])));
        const doneMs = beginMs + serviceMs(engine, job);
        if (best === undefined || doneMs + way < best.backMs)
          best = { engine: engine.index, doneMs, backMs: doneMs + way };
      }
      const places = best === undefined ? undefined : freeMs[best.engine];
      if (best === undefined || places === undefined) return undefined;
      places[places.indexOf(Math.min(...places))] = best.doneMs;
      return best.engine;
    },
    admits: () => true,
    began: () => undefined,
    finished: () => undefined,
    answered: () => undefined,
    report: () => undefined,
    receive: () => undefined,
    lost: () => undefined,
  };
}
