/**
 * An actor that runs background work: a few jobs at a time, each as a child of its own, the others in a bounded queue; and
 * work that comes again and again. What a restart of the runner finds under way is cancelled and forgotten.
 */
import type { ActorContext, Actor, Behavior } from "../core/behavior.ts";
import type { ActorRef, Terminated } from "../core/ref.ts";
import { ActorError, isActorError, textOf } from "../errors.ts";
import {
  hasEnded,
  JobBook,
  jobLimits,
  mustCount,
  type JobEffect,
  type JobLimits,
  type JobOutcome,
} from "./job-book.ts";
import { Followers } from "./followers.ts";
import type { JobAnswer, JobKind, JobMessage, JobSchedule, JobSnapshot } from "./job-types.ts";
import { mustBeSchedules, Schedules } from "./schedules.ts";

export interface JobRunnerOptions extends Partial<JobLimits> {
  /** What can be done, by name. Made by `defineJob`. */
  readonly kinds: Readonly<Record<string, JobKind>>;
  readonly schedules?: readonly JobSchedule[];
  /** How often those who follow a job hear of its progress at most. Default 100. */
  readonly progressEveryMs?: number;
  /** Of one job. Default 16. */
  readonly maxFollowers?: number;
}

/** What the runner tells itself. */
type Own =
  | { readonly type: "own-ended"; readonly id: string; readonly terminated: Terminated }
  | { readonly type: "own-timeout"; readonly id: string }
  | { readonly type: "own-retry"; readonly id: string }
  | { readonly type: "own-progress"; readonly id: string }
  | { readonly type: "own-schedule"; readonly name: string };

type Work = ReturnType<JobKind["prepare"]>;

/** A job that has not ended. */
interface Open {
  readonly kind: JobKind;
  readonly work: Work;
  /** The attempt under way. */
  child: ActorRef<"go"> | undefined;
  outcome: JobOutcome | undefined;
}

const NONCE_DIGITS = 6;

/** Behaviour of a job runner. For jobs of other hosts give `spawn` the check `acceptsJobMessage` too. @throws ActorError `bad-option`, `name-taken` */
export function jobRunner(options: JobRunnerOptions): Behavior<JobMessage> {
  const settings = settingsOf(options);
  const behavior: Behavior<JobMessage | Own> = (context) => new Runner(context, settings);
  // Nobody else can make the messages that it tells itself.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return behavior as unknown as Behavior<JobMessage>;
}

/** Options with nothing left open. */
interface Settings {
  readonly kinds: ReadonlyMap<string, JobKind>;
  readonly schedules: readonly JobSchedule[];
  readonly progressEveryMs: number;
  readonly maxFollowers: number;
  readonly limits: JobLimits;
}

/** @throws ActorError `bad-option`, `name-taken` */
function settingsOf(options: JobRunnerOptions): Settings {
  const { schedules = [], progressEveryMs = 100, maxFollowers = 16, kinds: named, ...rest } = options;
  const kinds = new Map(Object.entries(named));
  mustCount({ progressEveryMs }, 0);
  mustCount({ maxFollowers }, 1);
  mustBeSchedules(schedules, kinds);
  return { kinds, schedules, progressEveryMs, maxFollowers, limits: jobLimits(rest) };
}

class Runner implements Actor<JobMessage | Own> {
  readonly #context: ActorContext<JobMessage | Own>;
  readonly #kinds: ReadonlyMap<string, JobKind>;
  readonly #progressEveryMs: number;
  readonly #book: JobBook;
  readonly #followers: Followers;
  readonly #schedules: Schedules;
  readonly #open = new Map<string, Open>();
  readonly #nonce: string;
  #count = 0;

  constructor(context: ActorContext<JobMessage | Own>, settings: Settings) {
    const { kinds, schedules, progressEveryMs, maxFollowers, limits } = settings;
    this.#context = context;
    this.#kinds = kinds;
    this.#progressEveryMs = progressEveryMs;
    this.#book = new JobBook(limits, () => context.random());
    this.#followers = new Followers(maxFollowers);
    this.#nonce = Math.floor(context.random() * 36 ** NONCE_DIGITS).toString(36);
    this.#schedules = new Schedules(schedules, () => context.random());
    for (const { name, delayMs } of this.#schedules.first()) this.#schedule(name, delayMs);
  }

  receive(message: JobMessage | Own): void {
    switch (message.type) {
      case "start": {
        const answer = this.#start(message.kind, message.input, message.id);
        if (message.replyTo !== undefined) message.replyTo.tell(answer);
        else if (answer.type === "refused")
          this.#context.log.warn("a job was not started", { kind: message.kind, ...answer });
        return;
      }
      case "cancel":
        return this.#cancel(message.id, message.replyTo);
      case "follow":
        return this.#follow(message.id, message.to, false);
      case "inspect":
        message.replyTo.tell({
          jobs: this.#book.all(),
          queued: this.#book.queued,
          running: this.#book.running,
          schedules: this.#schedules.snapshot(),
        });
        return;
      case "own-ended":
        return this.#ended(message.id, message.terminated);
      case "own-timeout":
        return this.#timedOut(message.id);
      case "own-retry":
        return this.#carryOut(this.#book.due(message.id, this.#nowMs));
      case "own-progress":
        return this.#tellFollowers(this.#book.get(message.id));
      case "own-schedule":
        return this.#due(message.name);
    }
  }

  onStop(): void {
    this.#followers.close({ type: "refused", code: "actor-stopped", text: "the job runner has stopped" });
  }

  #start(name: string, input: unknown, wanted: string | undefined): JobAnswer {
    const id = wanted ?? this.#newId();
    const known = this.#book.get(id);
    if (known !== undefined) return { type: "job", job: known };
    const kind = this.#kinds.get(name);
    if (kind === undefined) return refused("bad-message", `there is no kind of job called ${name}`);
    let work: Work;
    try {
      work = kind.prepare(input);
    } catch (error) {
      return refused("bad-message", `this is no input of a ${name}: ${textOf(error)}`);
    }
    const effects = this.#book.start(id, name, kind, this.#nowMs);
    if (effects instanceof ActorError) return refused(effects.code, effects.message);
    this.#open.set(id, { kind, work, child: undefined, outcome: undefined });
    this.#carryOut(effects);
    const job = this.#book.get(id);
    return job === undefined ? refused("no-such-actor", `job ${id} is forgotten already`) : { type: "job", job };
  }

  #cancel(id: string, replyTo: ActorRef<JobAnswer> | undefined): void {
    if (replyTo !== undefined) this.#follow(id, replyTo, true);
    const error = new ActorError("cancelled", `job ${id} was cancelled`);
    this.#carryOut(this.#book.cancel(id, error, this.#nowMs));
  }

  #follow(id: string, to: ActorRef<JobAnswer>, isOnlyEnd: boolean): void {
    const job = this.#book.get(id);
    if (job === undefined) {
      to.tell(refused("no-such-actor", `there is no job ${id}`));
      return;
    }
    if (!hasEnded(job) && !this.#followers.add(id, to, isOnlyEnd)) {
      to.tell(refused("mailbox-full", `too many follow job ${id}`));
    } else if (hasEnded(job) || !isOnlyEnd) to.tell({ type: "job", job });
  }

  #timedOut(id: string): void {
    const timeoutMs = this.#open.get(id)?.kind.timeoutMs;
    const error = new ActorError("ask-timeout", `job ${id} was not done within ${timeoutMs} ms`);
    this.#carryOut(this.#book.timedOut(id, error, this.#nowMs));
  }

  #ended(id: string, { error }: Terminated): void {
    const open = this.#open.get(id);
    this.#context.timers.cancel(`timeout/${id}`);
    const stopped = new ActorError("actor-stopped", `the work of job ${id} ended without a result`);
    const outcome = open?.outcome ?? { type: "failed", error: workError(error) ?? stopped };
    if (open !== undefined) {
      open.child = undefined;
      open.outcome = undefined;
    }
    this.#carryOut(this.#book.ended(id, outcome, this.#nowMs));
  }

  #carryOut(effects: readonly JobEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case "run":
          this.#run(effect.id);
          break;
        case "stop":
          this.#stop(effect.id);
          break;
        case "retry":
          this.#context.timers.once(`retry/${effect.id}`, effect.afterMs, { type: "own-retry", id: effect.id });
          break;
        case "changed":
          this.#changed(effect.job);
          break;
        case "forgotten":
          this.#schedules.forgotten(effect.id);
          break;
      }
    }
  }

  #changed(job: JobSnapshot): void {
    this.#context.timers.cancel(`progress/${job.id}`);
    this.#tellFollowers(job);
    if (!hasEnded(job)) return;
    this.#open.delete(job.id);
    this.#context.timers.cancel(`retry/${job.id}`);
    this.#schedules.ended(job);
    if (job.state === "failed")
      this.#context.log.warn("a job failed", { id: job.id, kind: job.kind, error: job.error });
  }

  /** A child that fails is not restarted by its supervisor: whether it is tried again is the book's decision. */
  #run(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    const attempt = this.#book.get(id)?.attempt ?? 1;
    const work: Behavior<"go"> = (child) => async () => {
      const report: Parameters<Work>[0]["report"] = (progress) => {
        if (child.signal.aborted) return;
        this.#book.progress(id, progress);
        const key = `progress/${id}`;
        const { timers } = this.#context;
        if (!timers.isActive(key)) timers.once(key, this.#progressEveryMs, { type: "own-progress", id });
      };
      const result = await open.work({ id, attempt, signal: child.signal, report });
      // An attempt that was left behind has nothing to say about the next.
      if (open.child === child.self) open.outcome = { type: "done", result };
      child.stop();
    };
    const child = this.#context.spawn(work, { restart: "temporary" });
    open.child = child;
    this.#context.watch(child, (terminated) => ({ type: "own-ended", id, terminated }));
    this.#context.timers.once(`timeout/${id}`, open.kind.timeoutMs, { type: "own-timeout", id });
    child.tell("go");
  }

  #stop(id: string): void {
    const child = this.#open.get(id)?.child;
    if (child === undefined) return;
    // Its end comes by death watch; a child that has ended meanwhile is as good as stopped.
    this.#context.stopChild(child).catch((error: unknown) => {
      if (!isActorError(error, "no-such-actor")) this.#context.fail(error);
    });
  }

  #tellFollowers(job: JobSnapshot | undefined): void {
    if (job !== undefined) this.#followers.tell(job, hasEnded(job));
  }

  #due(name: string): void {
    const due = this.#schedules.due(name, (id) => this.#isOpen(id));
    this.#schedule(name, due.nextAfterMs);
    if (due.schedule === undefined) return;
    const id = this.#newId(`${name}.`);
    const answer = this.#start(due.schedule.kind, due.schedule.input, id);
    if (answer.type === "job") return this.#schedules.started(name, id);
    this.#schedules.refused(name);
    this.#context.log.warn("a job that is due could not be started", { id, code: answer.code, text: answer.text });
  }

  #schedule(name: string, delayMs: number): void {
    this.#context.timers.once(`schedule/${name}`, delayMs, { type: "own-schedule", name });
  }

  #isOpen(id: string): boolean {
    return this.#open.has(id);
  }

  /** Differs from those of the runner's other lives. */
  #newId(prefix = ""): string {
    this.#count += 1;
    return `${prefix}${this.#nonce}.${this.#count}`;
  }

  get #nowMs(): number {
    return this.#context.nowMs();
  }
}

function refused(code: ActorError["code"], text: string): JobAnswer {
  return { type: "refused", code, text };
}

/** The error of the work itself, not that of the actor which it brought down. */
function workError(error: ActorError | undefined): ActorError | undefined {
  if (error?.cause === undefined) return error;
  return isActorError(error.cause)
    ? error.cause
    : new ActorError("actor-failed", textOf(error.cause), { cause: error.cause });
}
