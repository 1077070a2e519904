/** Who does a job: pure, without a clock, a network or chance of its own. What it decides is explained in docs/ROUTING.md. */

/** What peers say of their services. */
export { CAPABILITIES, serviceKey } from "./advert.ts";
export type { Advert, AdvertisedVoice, Capability, Mode, ModelMemory, Power, Reach, Speed } from "./advert.ts";
export { knowsPacked, OWN_JOB_VERSIONS } from "./job-versions.ts";
export type { JobVersions } from "./job-versions.ts";
/** What is asked, as a value and in words: `STT:lang=en,mode=interactive`. */
export type { JobSize, Privacy, RouteRequest, Stick } from "./request.ts";
export { mayBePartOf, strictest } from "./request.ts";
export { formatRequest, parseRequest } from "./request-text.ts";
export type { RequestReading } from "./request-text.ts";
/** What a router knows. */
export { Directory } from "./directory.ts";
export type { Entry } from "./entry.ts";
export type { BreakerView, Fleet, InFlight } from "./fleet.ts";
/** What the owner wants, as kept in the replicated settings. */
export { formatPolicy, parsePolicy, policyFor, POLICY_SETTING, readPolicy } from "./policy.ts";
export type { CapabilityPolicy, Policy, PolicyReading, Target } from "./policy.ts";
/** The decision. */
export { decide } from "./decide.ts";
export type { Candidate, Decision, Exclusion, Expected, Refusal } from "./decide.ts";
export type { Favour } from "./estimate.ts";
export { isUnderstood, RULES } from "./rules.ts";
export type { Rule } from "./rules.ts";
/** The decision for people. */
export { explain, explanationText } from "./explain.ts";
export type { ExplainedCandidate, ExplainedExclusion, RouteExplanation } from "./explain.ts";
/** What a router has to keep between decisions, and how adverts come about. */
export { readAdvert } from "./read-advert.ts";
export { Breakers } from "./breaker.ts";
export type { BreakerOptions, Failure } from "./breaker.ts";
export { SentJobs } from "./sent-jobs.ts";
export { fitsMemory, modelMemory } from "./memory.ts";
export type { ModelShape } from "./memory.ts";
/** On the side of who does the work: what it has to do, and whether it takes more. */
export { Backlog } from "./backlog.ts";
export type { HeldJob } from "./backlog.ts";
export { admit, MOST_MOVES } from "./admission.ts";
export type { Admission, Load, Terms } from "./admission.ts";
/** What a job is expected to take on an engine of such a speed. */
export { workMsOf } from "./directory.ts";
export { costsOf } from "./priors.ts";
export type { Costs } from "./priors.ts";
export { sizeOf } from "./wish.ts";
export { SpeedBook } from "./speed.ts";
export type { Measure } from "./speed.ts";
