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
    this.#demand = this.demand(nowMs) + job.workMs / DEMAND_MS;
    this.#demandMs = nowMs;
    return {
      begin: (nowMs) => {
        if (job.beganMs === undefined && this.#jobs.has(job)) this.#running += 1;
        job.beganMs ??= nowMs;
      },
      end: () => {
        if (this.#jobs.delete(job) && job.beganMs !== undefined) this.#running -= 1;
      },
    };
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#jobs.size - this.#running;
  }

  /** Compute time that was asked for of late, for each time that passed. */
  demand(nowMs: number): number {
    return this.#demand * Math.exp(-Math.max(0, nowMs - this.#demandMs) / DEMAND_MS);
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
