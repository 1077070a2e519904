/**
 * Jobs that this peer has taken back from engines elsewhere. Until that is known there, and what is said there says so, those jobs
 * count in it, though nobody waits behind them: a question that follows one that was stopped would be sent away for its sake.
 */
import type { Advert, Load } from "../../routing/index.ts";

interface Left {
  /** When it was counted first, and no more. */
  readonly arrivesMs: number;
  readonly goneMs: number;
}

/** Of each engine. */
const MOST = 32;

export class LeftJobs {
  readonly #byService = new Map<string, readonly Left[]>();

  /** @param service its key */
  add(service: string, job: Left): void {
    this.#byService.set(service, [...(this.#byService.get(service) ?? []), job].slice(-MOST));
  }

  /** How many of them are in what an engine said at `saidMs`. Said is in order: what was gone before is forgotten. */
  among(service: string, saidMs: number): number {
    const jobs = this.#byService.get(service)?.filter(({ goneMs }) => goneMs > saidMs);
    if (jobs === undefined) return 0;
    if (jobs.length === 0) this.#byService.delete(service);
    else this.#byService.set(service, jobs);
    return jobs.filter(({ arrivesMs }) => arrivesMs <= saidMs).length;
  }
}

/** What an engine has to do without so many jobs, each of which is taken to be as long as the others. */
export function withoutJobs(
  { running, queued, concurrency, backlogMs = 0 }: Advert,
  count: number,
): Pick<Load, "running" | "queued" | "backlogMs"> {
  const all = running + queued;
  const jobs = Math.max(0, all - count);
  const left = Math.min(concurrency, jobs);
  return { running: left, queued: jobs - left, backlogMs: all === 0 ? 0 : (backlogMs * jobs) / all };
}
