/** How long a node waits before it stands for election. */

/** Heartbeats and election timeouts. A follower waits between the timeout and twice that. */
export interface ElectionTiming {
  readonly name: string;
  readonly heartbeatMs: number;
  /** The shortest election timeout. */
  readonly electionMs: number;
  /** How far it may grow with the measured round trips and stalls; equal to `electionMs`: it never does. */
  readonly maxElectionMs: number;
  /** How finely time is counted, of which the heartbeat is a multiple; default a quarter of it. Each tick wakes the process. */
  readonly tickMs?: number;
}

/** Home and office networks: fails over well within a second. */
export const LAN: ElectionTiming = { name: "lan", heartbeatMs: 40, electionMs: 200, maxElectionMs: 5_000 };

/** A heartbeat every 5 s, and an election after 15 s without one. */
export const PATIENT: ElectionTiming = {
  name: "patient",
  heartbeatMs: 5_000,
  electionMs: 15_000,
  maxElectionMs: 15_000,
};
