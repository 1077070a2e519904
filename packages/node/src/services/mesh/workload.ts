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
  /** Jobs of the house that were let in; those that have begun are in the backlog as well. */
  #let = 0;

  constructor(options: WorkloadOptions) {
    this.concurrency = options.concurrency;
    this.#options = options;
  }

  get load(): Load {
    const { running, queued } = this.#backlog;
    const early = Math.max(0, this.#let - running - queued);
    const backlogMs = this.#backlog.backlogMs(this.#options.nowMs());
    const queueCapacity = WAITING_PER_PLACE * this.concurrency;
    return { concurrency: this.concurrency, running, queued: queued + early, backlogMs, queueCapacity };
  }

  /** Whether a job of another peer is taken. */
  admit(terms: Terms): Admission {
    return admit(this.load, terms);
  }

  /** A job of another peer was taken; over once the result is called. */
  enter(): () => void {
    this.#let += 1;
    this.#options.changed();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#let -= 1;
      this.#options.changed();
    };
  }

  /** The engine has a job more. @param workMs that it is expected to take */
  count(workMs: number): CountedJob {
    const job = this.#backlog.add(workMs, this.#options.nowMs());
    const wasAlone = this.#isUncrowded();
    this.#waiting.add(job);
    this.#changed();
    const over = (): void => {
      job.end();
      this.#waiting.delete(job);
      this.#changed();
    };
    const isUncrowded = (): boolean => this.#isUncrowded();
    return {
      over,
      get isAlone() {
        return wasAlone && isUncrowded();
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
