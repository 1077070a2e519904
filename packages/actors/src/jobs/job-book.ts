/** Which jobs wait, run and have ended. Pure: every call says what is to be done now. */
import { ActorError, invariant, textOf } from "../errors.ts";
import { pauseMs } from "../supervision/back-off.ts";
import { type BackOff, mustBeBackOff } from "../supervision/spec.ts";
import type { JobKind, JobProgress, JobSnapshot, JobState } from "./job-types.ts";

export interface JobLimits {
  /** Jobs that run at once. Default 2. */
  readonly concurrency: number;
  /** Jobs beside these, waiting for their turn or for their next attempt; more are refused. Default 100. */
  readonly queueCapacity: number;
  /** Ended jobs that are remembered. Default 100. */
  readonly keepEnded: number;
  /** The pause before a job is tried again. */
  readonly backOff: BackOff;
}

export const DEFAULT_JOB_LIMITS: JobLimits = {
  concurrency: 2,
  queueCapacity: 100,
  keepEnded: 100,
  backOff: { minMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.2 },
};

/** What is to be done about a job. */
export type JobEffect =
  /** Begin its work; {@link JobBook.ended} says when that is over. */
  | { readonly type: "run"; readonly id: string }
  /** End its work. */
  | { readonly type: "stop"; readonly id: string }
  /** Call {@link JobBook.due} later. */
  | { readonly type: "retry"; readonly id: string; readonly afterMs: number }
  /** It stands otherwise than before. */
  | { readonly type: "changed"; readonly job: JobSnapshot }
  /** It is forgotten. */
  | { readonly type: "forgotten"; readonly id: string };

export type JobOutcome =
  { readonly type: "done"; readonly result: unknown } | { readonly type: "failed"; readonly error: ActorError };

interface Job {
  snapshot: JobSnapshot;
  readonly retries: number;
  /** Its work is to end, and this is what it ends as. */
  ending: { readonly state: "cancelled" | "failed"; readonly error: ActorError } | undefined;
}

/** `limits` over the defaults. @throws ActorError `bad-option` */
export function jobLimits(limits: Partial<JobLimits>): JobLimits {
  const whole = { ...DEFAULT_JOB_LIMITS, ...limits };
  const { concurrency, queueCapacity, keepEnded, backOff } = whole;
  mustCount({ concurrency }, 1);
  mustCount({ queueCapacity, keepEnded }, 0);
  mustBeBackOff(backOff);
  return whole;
}

/** @throws ActorError `bad-option` */
export function mustCount(values: Readonly<Record<string, number>>, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new ActorError("bad-option", `a job runner cannot work with ${name} = ${textOf(value)}`);
  }
}

/** For good. */
export function hasEnded({ state }: Pick<JobSnapshot, "state">): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

export class JobBook {
  readonly #limits: JobLimits;
  readonly #random: () => number;
  readonly #jobs = new Map<string, Job>();
  #queue: string[] = [];
  #ended: string[] = [];
  #running = 0;
  #waiting = 0;

  /** @param limits made by {@link jobLimits} */
  constructor(limits: JobLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get running(): number {
    return this.#running;
  }

  get(id: string): JobSnapshot | undefined {
    return this.#jobs.get(id)?.snapshot;
  }

  all(): readonly JobSnapshot[] {
    const all = [...this.#jobs.values()].map(({ snapshot }) => snapshot);
    const ended = this.#ended.map((id) => this.#must(id).snapshot);
    return [...all.filter((job) => !hasEnded(job)), ...ended];
  }

  /** A new job. Refused with `mailbox-full` when there are too many. */
  start(id: string, name: string, { retries }: JobKind, nowMs: number): readonly JobEffect[] | ActorError {
    invariant(!this.#jobs.has(id), `job ${id} is started twice`);
    const { queueCapacity, concurrency } = this.#limits;
    if (this.#queue.length + this.#waiting + this.#running >= queueCapacity + concurrency) {
      return new ActorError(
        "mailbox-full",
        `there are ${queueCapacity} jobs beside the ${concurrency} that may run already`,
      );
    }
    const snapshot: JobSnapshot = { id, kind: name, state: "queued", attempt: 0, queuedAtMs: nowMs };
    this.#jobs.set(id, { snapshot, retries, ending: undefined });
    this.#queue.push(id);
    return [{ type: "changed", job: snapshot }, ...this.#fill(nowMs)];
  }

  progress(id: string, progress: JobProgress): void {
    const job = this.#jobs.get(id);
    if (job?.snapshot.state === "running") job.snapshot = { ...job.snapshot, progress };
  }

  /** It is to end: at once where it has not begun, otherwise when its work has. No effects when it has ended before. */
  cancel(id: string, error: ActorError, nowMs: number): readonly JobEffect[] {
    return this.#end(id, "cancelled", error, nowMs);
  }

  /** An attempt takes too long. */
  timedOut(id: string, error: ActorError, nowMs: number): readonly JobEffect[] {
    return this.#end(id, "failed", error, nowMs);
  }

  /** The work of an attempt is over. What is done is done, also when it was to be cancelled. */
  ended(id: string, outcome: JobOutcome, nowMs: number): readonly JobEffect[] {
    const job = this.#must(id);
    invariant(job.snapshot.state === "running", `job ${id} has ended while ${job.snapshot.state}`);
    this.#running -= 1;
    if (outcome.type === "done") {
      job.snapshot = { ...job.snapshot, error: undefined, result: outcome.result };
      return [...this.#close(job, "done", nowMs), ...this.#fill(nowMs)];
    }
    const error = job.ending?.error ?? outcome.error;
    job.snapshot = { ...job.snapshot, error: { code: error.code, text: error.message } };
    if (job.ending?.state === "cancelled" || job.snapshot.attempt > job.retries) {
      return [...this.#close(job, job.ending?.state ?? "failed", nowMs), ...this.#fill(nowMs)];
    }
    job.ending = undefined;
    job.snapshot = { ...job.snapshot, state: "waiting" };
    this.#waiting += 1;
    const afterMs = pauseMs(this.#limits.backOff, job.snapshot.attempt, this.#random());
    return [{ type: "changed", job: job.snapshot }, { type: "retry", id, afterMs }, ...this.#fill(nowMs)];
  }

  /** The pause before its next attempt is over. */
  due(id: string, nowMs: number): readonly JobEffect[] {
    const job = this.#jobs.get(id);
    if (job?.snapshot.state !== "waiting") return [];
    this.#waiting -= 1;
    job.snapshot = { ...job.snapshot, state: "queued" };
    this.#queue.push(id);
    return [{ type: "changed", job: job.snapshot }, ...this.#fill(nowMs)];
  }

  #end(id: string, state: "cancelled" | "failed", error: ActorError, nowMs: number): readonly JobEffect[] {
    const job = this.#jobs.get(id);
    if (job === undefined || hasEnded(job.snapshot)) return [];
    if (job.snapshot.state === "running") {
      const isNews = job.ending === undefined;
      // Who cancels has the last word: a job that is cancelled is not tried again.
      if (isNews || state === "cancelled") job.ending = { state, error };
      return isNews ? [{ type: "stop", id }] : [];
    }
    if (job.snapshot.state === "waiting") this.#waiting -= 1;
    this.#queue = this.#queue.filter((each) => each !== id);
    job.snapshot = { ...job.snapshot, error: { code: error.code, text: error.message } };
    return this.#close(job, state, nowMs);
  }

  #fill(nowMs: number): readonly JobEffect[] {
    const effects: JobEffect[] = [];
    while (this.#running < this.#limits.concurrency) {
      const id = this.#queue.shift();
      if (id === undefined) break;
      const job = this.#must(id);
      this.#running += 1;
      const { attempt, startedAtMs = nowMs } = job.snapshot;
      job.snapshot = { ...job.snapshot, state: "running", attempt: attempt + 1, startedAtMs };
      effects.push({ type: "changed", job: job.snapshot }, { type: "run", id });
    }
    return effects;
  }

  #close(job: Job, state: JobState, nowMs: number): readonly JobEffect[] {
    const { id } = job.snapshot;
    job.snapshot = { ...job.snapshot, state, endedAtMs: nowMs };
    this.#ended.push(id);
    const effects: JobEffect[] = [{ type: "changed", job: job.snapshot }];
    while (this.#ended.length > this.#limits.keepEnded) {
      const oldest = this.#ended.shift();
      if (oldest === undefined) break;
      this.#jobs.delete(oldest);
      effects.push({ type: "forgotten", id: oldest });
    }
    return effects;
  }

  #must(id: string): Job {
    const job = this.#jobs.get(id);
    invariant(job !== undefined, `there is no job ${id}`);
    return job;
  }
}
