/**
 * How often members let each other hear that they are there. Every packet wakes two processes and costs about 0.1 ms of a processor
 * at either end, so this is most of what an idle peer costs; `npm run bench -- cluster idle` says how much.
 */
import { PATIENT, type ElectionTiming } from "@parley/raft";

/**
 * Homes and offices. A prime whose connections close is replaced at once, whatever stands here; one that falls silent after 0.25
 * to 0.5 s, and later where the network or the machine is measured to be slower, up to 0.9 s, when the actors' detector gives it up.
 */
const HOME: ElectionTiming = { name: "home", heartbeatMs: 100, electionMs: 250, maxElectionMs: 5_000, tickMs: 50 };

/** By the names that the setting `cluster.timing` has. */
export const ELECTION_TIMINGS: Readonly<Record<"lan" | "patient", ElectionTiming>> = { lan: HOME, patient: PATIENT };

/**
 * Of actors: one of the two connections at each beat, and none at that which Raft has just used. The bounds on silence are the detector's own: whoever stands still is noticed
 * within 0.9 s, and on a link that loses 5 % ten hours pass without a false alarm (modelled in `phi-accrual.test.ts` of the actors).
 */
export const HEARTBEAT_MS = 100;

/** Where machines and network have kept to time for so long, actors' heartbeats are half as many, until something is late. */
export const CALM_AFTER_MS = 10_000;
