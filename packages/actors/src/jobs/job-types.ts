/** Background work as those see it who start it, follow it and write it. */
import type { ActorRef } from "../core/ref.ts";
import { ActorError, type ActorErrorCode, textOf } from "../errors.ts";

/** How far it is. */
export interface JobProgress {
  readonly done: number;
  /** Where it is known. */
  readonly total?: number | undefined;
  readonly note?: string | undefined;
}

/** `waiting`: for the pause before it is tried again. The last three are for good. */
export type JobState = "queued" | "running" | "waiting" | "done" | "failed" | "cancelled";

/** A job as it stands now. */
export interface JobSnapshot {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  /** From 1 once it has started. */
  readonly attempt: number;
  readonly progress?: JobProgress | undefined;
  /** Of a job that is done. */
  readonly result?: unknown;
  /** Why it failed or was cancelled, or why its last attempt failed. */
  readonly error?: { readonly code: ActorErrorCode; readonly text: string } | undefined;
  readonly queuedAtMs: number;
  readonly startedAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
}

/** What a job's work is given. */
export interface JobContext {
  readonly id: string;
  readonly attempt: number;
  /** Aborted when the job is cancelled, takes too long, or its runner ends. */
  readonly signal: AbortSignal;
  /** May be called as often as one likes: those who follow hear of the latest from time to time. */
  report(progress: JobProgress): void;
}

/** A kind of work. */
export interface JobDefinition<Input, Result> {
  /** Gives back the input, or throws. */
  readonly accepts: (input: unknown) => Input;
  readonly run: (input: Input, job: JobContext) => Promise<Result>;
  /** For one attempt; then it is cancelled and counts as failed. */
  readonly timeoutMs: number;
  /** How often it is tried again after a failure. Default 0. What is retried must bear being done twice. */
  readonly retries?: number;
}

/** A kind of work, whatever its input. Made by {@link defineJob}. */
export interface JobKind {
  readonly timeoutMs: number;
  readonly retries: number;
  /** Looks at the input and gives the work to do with it. */
  readonly prepare: (input: unknown) => (job: JobContext) => Promise<unknown>;
}

/** @throws ActorError `bad-option` */
export function defineJob<Input, Result>(definition: JobDefinition<Input, Result>): JobKind {
  const { accepts, run, timeoutMs, retries = 0 } = definition;
  if (!(timeoutMs > 0 && timeoutMs < Infinity) || !Number.isSafeInteger(retries) || retries < 0) {
    throw new ActorError("bad-option", `a job cannot have ${textOf(timeoutMs)} ms and ${textOf(retries)} retries`);
  }
  return {
    timeoutMs,
    retries,
    prepare: (input) => {
      const accepted = accepts(input);
      return (job) => run(accepted, job);
    },
  };
}

/** The answer to `start`: the job as it stands, or why there is none. */
export type JobAnswer =
  | { readonly type: "job"; readonly job: JobSnapshot }
  | { readonly type: "refused"; readonly code: ActorErrorCode; readonly text: string };

/** What a job runner takes. */
export type JobMessage =
  /** With an `id` that it knows, it answers with that job: a start that is repeated starts nothing. Refused: `bad-message`, `mailbox-full`. */
  | {
      readonly type: "start";
      readonly kind: string;
      readonly input: unknown;
      readonly id?: string | undefined;
      readonly replyTo?: ActorRef<JobAnswer> | undefined;
    }
  /** Answers when it has ended, which may take until its work heeds the signal. Refused: `no-such-actor`. */
  | { readonly type: "cancel"; readonly id: string; readonly replyTo?: ActorRef<JobAnswer> | undefined }
  /** Tells `to` at once how it stands, then of its progress and changes, the end being the last. Refused: `no-such-actor`, `mailbox-full`. */
  | { readonly type: "follow"; readonly id: string; readonly to: ActorRef<JobAnswer> }
  | { readonly type: "inspect"; readonly replyTo: ActorRef<JobsSnapshot> };

export interface JobsSnapshot {
  /** Those that are under way, then those that have ended, the latest last. */
  readonly jobs: readonly JobSnapshot[];
  readonly queued: number;
  readonly running: number;
  readonly schedules: readonly ScheduleSnapshot[];
}

/** Work that comes again and again. */
export interface JobSchedule {
  /** Its name, and the beginning of its jobs' ids. */
  readonly name: string;
  readonly kind: string;
  readonly input: unknown;
  readonly everyMs: number;
  /** Default `everyMs`. */
  readonly firstAfterMs?: number;
  /** Share of the period by which each start may vary, from 0 to 1: so that hosts do not all begin at once. Default 0.1. */
  readonly jitter?: number;
}

export interface ScheduleSnapshot {
  readonly name: string;
  /** Latest job, while it is remembered. */
  readonly lastId?: string | undefined;
  readonly started: number;
  /** Left out because the last was still under way, or the queue full. */
  readonly skipped: number;
  readonly failed: number;
}
