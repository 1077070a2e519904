/** What an engine of this peer has to do, its own clients' jobs and the house's together, and whether it takes more. */
import { admit, Backlog, type Admission, type HeldJob, type Load, type Terms } from "../../routing/index.ts";

/** Jobs that may wait where all places are taken, for each place. */
const WAITING_PER_PLACE = 2;

export interface WorkloadOptions {
  /** Jobs at once. */
  readonly concurrency: number;
  /** A monotonic clock. */
  readonly nowMs: () => number;
  /** Something of it has changed. */
  readonly changed: () => void;
}

/** One job of an engine. */
export interface CountedJob {
  /** Whether what it took was its own time, not that of jobs before it. */
  readonly isAlone: boolean;
  /** May be called twice. */
  readonly over: () => void;
}

/** The load of one engine. */
export class Workload {
  readonly concurrency: number;
  readonly #options: WorkloadOptions;
  readonly #backlog = new Backlog();
  /** In their order: engines begin with the first. */
  readonly #waiting = new Set<HeldJob>();
  /** Jobs of the house that were let in, with what each is expected to take; those that have begun are in the backlog as well. */
  readonly #let = new Set<{ readonly workMs: number }>();

  constructor(options: WorkloadOptions) {
    this.concurrency = options.concurrency;
    this.#options = options;
  }

  get load(): Load {
    const { concurrency } = this;
    const begun = this.#backlog.running + this.#backlog.queued;
    // Those that were let in and have not begun yet count as well.
    const early = [...this.#let].slice(begun);
    const jobs = begun + early.length;
    const running = Math.min(concurrency, jobs);
    const earlyMs = early.reduce((sum, { workMs }) => sum + workMs, 0);
    const backlogMs = this.#backlog.backlogMs(this.#options.nowMs()) + earlyMs;
    return { concurrency, running, queued: jobs - running, backlogMs, queueCapacity: WAITING_PER_PLACE * concurrency };
  }

  /** Compute time that was asked for of late, for each time that passed. */
  get demand(): number {
    return this.#backlog.demand(this.#options.nowMs());
  }

  /** Whether a job of another peer is taken. */
  admit(terms: Terms): Admission {
    return admit(this.load, terms);
  }

  /** A job of another peer was taken; over once the result is called. */
  enter(workMs: number): () => void {
    const job = { workMs };
    this.#let.add(job);
    this.#options.changed();
    return () => {
      if (this.#let.delete(job)) this.#options.changed();
    };
  }

  /**
   * The engine has a job more.
   * @param workMs that it is expected to take
   * @param signal with it the job is over, however long the engine takes to let go of it: whoever comes next waits for it no more
   */
  count(workMs: number, signal?: AbortSignal): CountedJob {
    const { nowMs } = this.#options;
    const job = this.#backlog.add(workMs, nowMs());
    const wasAlone = this.#isUncrowded();
    const isUncrowded = (): boolean => this.#isUncrowded();
    let wasAloneToItsEnd: boolean | undefined;
    this.#waiting.add(job);
    this.#changed();
    const over = (): void => {
      if (wasAloneToItsEnd !== undefined) return;
      wasAloneToItsEnd = wasAlone && isUncrowded();
      signal?.removeEventListener("abort", over);
      if (signal?.aborted === true) job.cancel(nowMs());
      else job.end();
      this.#waiting.delete(job);
      this.#changed();
    };
    if (signal?.aborted === true) over();
    else signal?.addEventListener("abort", over, { once: true });
    return {
      over,
      get isAlone() {
        return wasAloneToItsEnd ?? (wasAlone && isUncrowded());
      },
    };
  }

  #isUncrowded(): boolean {
    return this.#backlog.running + this.#backlog.queued <= this.concurrency;
  }

  #changed(): void {
    for (const job of this.#waiting) {
      if (this.#backlog.running >= this.concurrency) break;
      job.begin(this.#options.nowMs());
      this.#waiting.delete(job);
    }
    this.#options.changed();
  }
}
