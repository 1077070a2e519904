/** Versions of what peers say to each other's engines: jobs, and what comes back of them. */

/** The newest that this software speaks. */
export const JOBS_VERSION = 3;
/** The oldest that it speaks as well. */
export const OLDEST_JOBS_VERSION = 2;
/** From this one on sound may come packed, of who listens; and of who speaks, where the job says that it may. */
const PACKED_SINCE = 3;

/** What a peer speaks. */
export interface JobVersions {
  readonly oldest: number;
  readonly newest: number;
}

/** Of this software. */
export const OWN_JOB_VERSIONS: JobVersions = { oldest: OLDEST_JOBS_VERSION, newest: JOBS_VERSION };

/** Of peers that say nothing of it: the first ones did not. */
export const FIRST_JOB_VERSIONS: JobVersions = { oldest: 1, newest: 1 };

/** Whether a peer that speaks those takes packed sound, and makes it where it is asked to. */
export function knowsPacked({ newest }: JobVersions): boolean {
  return newest >= PACKED_SINCE;
}

/** Whether a peer that speaks those can be given jobs by this one: there is a version that both know. */
export function speaksAlike({ oldest, newest }: JobVersions): boolean {
  return oldest <= JOBS_VERSION && newest >= OLDEST_JOBS_VERSION;
}
