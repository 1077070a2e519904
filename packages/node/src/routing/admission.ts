/**
 * Whether an engine takes a job that another peer sends it. What the sender knew of it was some hundred milliseconds old, and
 * others knew the same: whoever is much busier than its sender expected says so at once, with its load as it is, and the sender
 * decides anew. That costs a round trip, where waiting behind those that came before would cost whole jobs.
 */
import { queueMsAhead } from "./queue.ts";

/** An engine's load as it is now. */
export interface Load {
  readonly concurrency: number;
  readonly running: number;
  readonly queued: number;
  readonly backlogMs: number;
  /** How many may wait. */
  readonly queueCapacity: number;
}

/** What comes with a job. */
export interface Terms {
  /** Compute time that the sender expects it to take there. */
  readonly workMs: number;
  /** How long it may wait. */
  readonly patienceMs: number;
  /** Above this wait another would be better, as far as the sender knows; Infinity: it stays, it was sent on often enough. */
  readonly moveAboveMs: number;
  /** It goes on with what began there: it is let in before new work is, and twice as many may wait then. */
  readonly hasTurn?: boolean;
}

/** `full`: as many wait as may wait; `late`: it could not begin in time; `busier`: another may be better. */
export type Admission = { readonly taken: true } | { readonly taken: false; readonly why: "full" | "late" | "busier" };

/** Whether a job is taken. */
export function admit(load: Load, { patienceMs, moveAboveMs, hasTurn = false }: Terms): Admission {
  const { concurrency, running, queued } = load;
  const queueCapacity = load.queueCapacity * (hasTurn ? 2 : 1);
  const jobs = running + queued;
  const waitMs = queueMsAhead(jobs, concurrency, load.backlogMs);
  if (concurrency <= 0 || (queued >= queueCapacity && jobs >= concurrency)) return { taken: false, why: "full" };
  if (waitMs > patienceMs) return { taken: false, why: "late" };
  return waitMs > moveAboveMs ? { taken: false, why: "busier" } : { taken: true };
}

/** How often a job is sent on for the sake of time, before it stays where it is. */
export const MOST_MOVES = 5;
