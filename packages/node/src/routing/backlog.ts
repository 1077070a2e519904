/** What an engine has to do, in jobs and in compute time: what its advert says of it, and what is asked before it takes another. */

interface Held {
  readonly workMs: number;
  /** Undefined: it waits. */
  beganMs: number | undefined;
}

/** A job that takes longer than was expected of it is taken to be near its end: this much of what was expected is left. */
const OVERDUE = 0.1;

/** Demand is a mean over about so long. */
const DEMAND_MS = 2_000;

/** One job in a backlog. */
export interface HeldJob {
  /** The engine works on it from now. */
  begin(nowMs: number): void;
  /** It is over, however. */
  end(): void;
  /** Nobody wants it any more: what was not worked off of it was not asked for either. */
  cancel(nowMs: number): void;
}

/** The jobs of one engine, running and waiting. */
export class Backlog {
  readonly #jobs = new Set<Held>();
  #running = 0;
  #demand = 0;
  #demandMs = 0;

  /** A job that waits. @param workMs compute time that it is expected to take */
  add(workMs: number, nowMs: number): HeldJob {
    const job: Held = { workMs: Number.isFinite(workMs) && workMs > 0 ? workMs : 0, beganMs: undefined };
    this.#jobs.add(job);
    this.#ask(job.workMs, nowMs);
    const end = (): boolean => {
      if (!this.#jobs.delete(job)) return false;
      if (job.beganMs !== undefined) this.#running -= 1;
      return true;
    };
    return {
      begin: (nowMs) => {
        if (job.beganMs === undefined && this.#jobs.has(job)) this.#running += 1;
        job.beganMs ??= nowMs;
      },
      end: () => void end(),
      cancel: (atMs) => {
        if (!end()) return;
        const doneMs = job.beganMs === undefined ? 0 : Math.min(job.workMs, Math.max(0, atMs - job.beganMs));
        // Of what was asked then, as much as counts still.
        this.#ask(fadedDemand(doneMs - job.workMs, atMs - nowMs), atMs);
      },
    };
  }

  #ask(workMs: number, nowMs: number): void {
    this.#demand = Math.max(0, this.demand(nowMs) + workMs / DEMAND_MS);
    this.#demandMs = nowMs;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#jobs.size - this.#running;
  }

  /** Compute time that was asked for of late, for each time that passed. */
  demand(nowMs: number): number {
    return fadedDemand(this.#demand, nowMs - this.#demandMs);
  }

  /** Compute time left of all of them. */
  backlogMs(nowMs: number): number {
    let leftMs = 0;
    for (const { workMs, beganMs } of this.#jobs) {
      const doneMs = beganMs === undefined ? 0 : nowMs - beganMs;
      leftMs += Math.max(workMs - doneMs, beganMs === undefined ? 0 : workMs * OVERDUE);
    }
    return leftMs;
  }
}

/** What is left of a demand after so long in which nothing more was asked. */
export function fadedDemand(demand: number, sinceMs: number): number {
  return demand * Math.exp(-Math.max(0, sinceMs) / DEMAND_MS);
}
