/** How long a job waits behind others. */

/**
 * Until one of `concurrency` places is free for a job behind `jobs` others with `leftMs` of compute time between them. Each of
 * them is taken to have as much left as the others: as many have to leave as are too many, and `concurrency` at once work.
 */
export function queueMsAhead(jobs: number, concurrency: number, leftMs: number): number {
  return jobs < concurrency || concurrency <= 0 ? 0 : (leftMs * (jobs - concurrency + 1)) / (jobs * concurrency);
}
