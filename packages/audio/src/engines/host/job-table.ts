/** Which jobs run in a host and which wait: bounded on both counts. */
import { AudioError } from "../../errors.ts";
import type { HostJob } from "./host-job.ts";
import { ProtocolBreach } from "./protocol.ts";

/** The bounds of a {@link JobTable}. */
export interface JobTableLimits {
  readonly hostName: string;
  readonly maxJobs: number;
  readonly maxQueuedJobs: number;
}

/** A place inside the engine. It stays taken until the engine says so, even when the caller has left. */
interface Slot {
  readonly job: HostJob;
  /** Health checks since the caller left. */
  lingeringTicks: number;
}

/** First come, first served; urgent jobs before all others. */
export class JobTable {
  readonly #limits: JobTableLimits;
  readonly #slots = new Map<number, Slot>();
  readonly #urgent: HostJob[] = [];
  readonly #others: HostJob[] = [];
  #lastId = 0;

  constructor(limits: JobTableLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#slots.size;
  }

  get queued(): number {
    return this.#urgent.length + this.#others.length;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Starts `job`, queues it, or fails it with `engine-busy`. */
  add(job: HostJob): void {
    if (job.settled) return;
    const queue = this.#queueOf(job);
    if (this.#slots.size < this.#limits.maxJobs) this.#start(job);
    else if (queue.length < this.#limits.maxQueuedJobs) queue.push(job);
    else job.fail(this.#busy());
  }

  /** The caller of a waiting job has left. */
  forget(job: HostJob): void {
    const queue = this.#queueOf(job);
    const index = queue.indexOf(job);
    if (index >= 0) queue.splice(index, 1);
  }

  /** The job of a message; undefined when it is over already. @throws ProtocolBreach when there never was one. */
  find(id: number): HostJob | undefined {
    if (id > this.#lastId) throw new ProtocolBreach(`job ${id} was never opened`);
    return this.#slots.get(id)?.job;
  }

  /** The engine has let go of a job: the next one may start. */
  release(id: number): void {
    if (!this.#slots.delete(id)) return;
    while (this.#slots.size < this.#limits.maxJobs) {
      const next = this.#urgent.shift() ?? this.#others.shift();
      if (next === undefined) return;
      this.#start(next);
    }
  }

  /** One health check has passed. Returns the longest time, in checks, that a job has outlived its caller. */
  tick(): number {
    let longest = 0;
    for (const slot of this.#slots.values()) {
      if (slot.job.settled) slot.lingeringTicks += 1;
      longest = Math.max(longest, slot.lingeringTicks);
    }
    return longest;
  }

  /** The host is gone: so are all jobs. */
  failAll(error: AudioError): void {
    const jobs = [...Array.from(this.#slots.values(), (slot) => slot.job), ...this.#urgent, ...this.#others];
    this.#slots.clear();
    this.#urgent.length = 0;
    this.#others.length = 0;
    for (const job of jobs) job.fail(error);
  }

  #queueOf(job: HostJob): HostJob[] {
    return job.urgent ? this.#urgent : this.#others;
  }

  #start(job: HostJob): void {
    this.#slots.set(job.id, { job, lingeringTicks: 0 });
    job.start();
    if (job.settled) this.release(job.id);
  }

  #busy(): AudioError {
    const { hostName, maxJobs, maxQueuedJobs } = this.#limits;
    return new AudioError("engine-busy", `${hostName}: ${maxJobs} jobs run and ${maxQueuedJobs} wait already`, {
      nextStep: "Try again in a moment, or let another peer do this work.",
      details: { host: hostName, maxJobs, maxQueuedJobs },
    });
  }
}
