/** How long a job waits behind others. */

/**
 * Until one of `concurrency` places is free for a job behind `jobs` others with `leftMs` of compute time between them. Each of
 * them is taken to have as much left as the others: as many have to leave as are too many, and `concurrency` at once work.
 */
export function queueMsAhead(jobs: number, concurrency: number, leftMs: number): number {
  return jobs < concurrency || concurrency <= 0 ? 0 : (leftMs * (jobs - concurrency + 1)) / (jobs * concurrency);
}

/** Who has said nothing for longer had nothing new to say. */
const DEMAND_MS = 500;

/**
 * How long a job waits at a service that told of its load `sinceMs` ago. It has worked on ever since, and others have sent it more:
 * as much as of late, or what this router has sent itself, if that is more. Without this everybody would send everything to the one
 * that looked idle a moment ago. Numbers one by one: a thousand are asked for at once.
 */
export function queueMsAt(
  sinceMs: number,
  jobs: number,
  concurrency: number,
  backlogMs: number,
  demand: number,
  usualMs: number,
  sentJobs: number,
  sentMs: number,
): number {
  const since = Math.max(0, sinceMs);
  const byOthersMs = demand * Math.min(DEMAND_MS, since);
  const jobsAhead = jobs + Math.max(byOthersMs / Math.max(1, usualMs), sentJobs);
  if (jobsAhead < concurrency) return 0;
  const leftMs = Math.max(0, backlogMs - since * Math.min(concurrency, jobs)) + Math.max(byOthersMs, sentMs);
  return queueMsAhead(jobsAhead, concurrency, leftMs);
}
