/** Versions of what peers say to each other's engines: jobs, and what comes back of them. */

/** The one that this software speaks; what it sends, and what it reads. */
export const JOBS_VERSION = 2;
/** The oldest that it speaks as well. */
export const OLDEST_JOBS_VERSION = 2;

/** What a peer speaks. */
export interface JobVersions {
  readonly oldest: number;
  readonly newest: number;
}

/** Of this software. */
export const OWN_JOB_VERSIONS: JobVersions = { oldest: OLDEST_JOBS_VERSION, newest: JOBS_VERSION };

/** Of peers that say nothing of it: the first ones did not. */
export const FIRST_JOB_VERSIONS: JobVersions = { oldest: 1, newest: 1 };

/** Whether a peer that speaks those can be given jobs by this one: there is a version that both know. */
export function speaksAlike({ oldest, newest }: JobVersions): boolean {
  return oldest <= JOBS_VERSION && newest >= OLDEST_JOBS_VERSION;
}
