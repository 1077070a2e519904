/** How long the door waits for what, in ms. */
export interface DoorDeadlines {
  /** For the next request of a stream. */
  readonly idleMs: number;
  /** For the proof, from the challenge on: computing it takes some milliseconds. */
  readonly proofMs: number;
  /** For the cluster to let a newcomer in. */
  readonly admitMs: number;
  /** For a sign of life of a peer that waits; its stream's end is noticed at once. */
  readonly waitingSilenceMs: number;
  /** For the newcomer's person, once approved. */
  readonly answerMs: number;
}

export const DOOR_DEADLINES: DoorDeadlines = {
  idleMs: 30_000,
  proofMs: 10_000,
  admitMs: 20_000,
  waitingSilenceMs: 60_000,
  answerMs: 5 * 60_000,
};
