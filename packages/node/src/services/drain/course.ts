/**
 * The course of a drain, as it goes on its way out of what it does: whoever carries it out says what it sees, and is told how far it
 * is. Pure. Each part has a share of the time, so that a silent cluster or a long answer does not keep the rest from being done.
 */

/**
 * `leading`: leadership is given away; `finishing`: what runs is finished; `moving`: shards go to other peers, and with them the
 * sessions; `sending`: clients that are still there are told to go elsewhere; `done`: nothing more is done.
 */
export type DrainPhase = "leading" | "finishing" | "moving" | "sending" | "done";

/** What is left at the peer, and what has been done. */
export interface DrainSeen {
  readonly isPrime: boolean;
  /** Of its engines. */
  readonly jobs: number;
  /** Shards: `under-way` until they have gone, or could not. */
  readonly shards: "under-way" | "gone" | "kept";
  /** Clients that were not told yet, or have not gone yet. */
  readonly clients: number;
  /** Other peers that can be reached: without any nothing can be given to anybody. */
  readonly others: number;
}

export interface DrainCourse {
  readonly phase: DrainPhase;
  readonly beganMs: number;
  readonly timeoutMs: number;
}

/** By when a part is over, as a share of all the time. */
const SHARES: Readonly<Record<Exclude<DrainPhase, "done">, number>> = {
  leading: 0.25,
  finishing: 0.5,
  moving: 0.85,
  sending: 1,
};
const NEXT: Readonly<Record<Exclude<DrainPhase, "done">, DrainPhase>> = {
  leading: "finishing",
  finishing: "moving",
  moving: "sending",
  sending: "done",
};

export function beginDrain(timeoutMs: number, nowMs: number): DrainCourse {
  return { phase: "leading", beganMs: nowMs, timeoutMs };
}

/** How far it is now; several parts may be over at once. */
export function nextOf(course: DrainCourse, seen: DrainSeen, nowMs: number): DrainCourse {
  let { phase } = course;
  while (phase !== "done" && isOver(phase, seen, nowMs - course.beganMs >= SHARES[phase] * course.timeoutMs)) {
    phase = NEXT[phase];
    // What the next part begins is not seen yet.
    if (phase === "moving" || phase === "sending") break;
  }
  return phase === course.phase ? course : { ...course, phase };
}

/** When the part that it is in ends at the latest; of `done`: at once. */
export function dueMs({ phase, beganMs, timeoutMs }: DrainCourse): number {
  return phase === "done" ? beganMs : beganMs + SHARES[phase] * timeoutMs;
}

function isOver(phase: Exclude<DrainPhase, "done">, seen: DrainSeen, isDue: boolean): boolean {
  if (isDue || seen.others === 0) return true;
  switch (phase) {
    case "leading":
      return !seen.isPrime;
    case "finishing":
      return seen.jobs === 0;
    case "moving":
      return seen.shards !== "under-way";
    case "sending":
      return seen.clients === 0;
  }
}

/** What is still at a peer, for people and programs. */
export interface DrainLeft {
  readonly clients: number;
  readonly sessions: number;
  readonly jobs: number;
}

/** Whether nothing would be cut off if the peer was stopped. */
export function mayStop(
  phase: DrainPhase | undefined,
  left: DrainLeft,
  { isPrime, isVoter }: { readonly isPrime: boolean; readonly isVoter: boolean },
): boolean {
  // Of two peers the one that stays could decide nothing without the other's vote.
  return phase === "done" && !isPrime && !isVoter && left.clients === 0 && left.sessions === 0 && left.jobs === 0;
}
