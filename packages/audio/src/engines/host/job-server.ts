/** Serves the jobs of one engine inside its host process. */
import type { Engine, JobHandler } from "../module.ts";
import { AudioError } from "../../errors.ts";
import { CreditGate, CreditQueue } from "./credit.ts";
import { ProtocolBreach, toWireError, type ToChild, type ToParent } from "./protocol.ts";

/** The messages that concern a job. */
export type JobMessage = Extract<ToChild, { job: number }>;

interface OpenJob {
  readonly abort: AbortController;
  readonly input: CreditQueue;
  readonly gate: CreditGate;
}

/** Runs what the parent opens and answers each job exactly once. */
export class JobServer {
  readonly #engine: Engine;
  readonly #send: (message: ToParent) => void;
  readonly #jobs = new Map<number, OpenJob>();

  constructor(engine: Engine, send: (message: ToParent) => void) {
    this.#engine = engine;
    this.#send = send;
  }

  get running(): number {
    return this.#jobs.size;
  }

  /** @throws ProtocolBreach when the parent breaks the protocol. */
  receive(message: JobMessage): void {
    if (message.type === "open") {
      if (this.#jobs.has(message.job)) throw new ProtocolBreach(`job ${message.job} is open already`);
      void this.#run(message.job, message.method, message.params);
      return;
    }
    // Absent when the engine finished while the message was under way.
    const job = this.#jobs.get(message.job);
    switch (message.type) {
      case "data":
        job?.input.push(message.value);
        break;
      case "end":
        job?.input.end();
        break;
      case "credit":
        job?.gate.grant(message.count);
        break;
      case "cancel":
        if (job !== undefined) stop(job, message.timedOut);
        break;
    }
  }

  /** Cancels all that runs. */
  cancelAll(): void {
    for (const job of this.#jobs.values()) stop(job, false);
  }

  async #run(id: number, method: string, params: unknown): Promise<void> {
    const job: OpenJob = {
      abort: new AbortController(),
      gate: new CreditGate(),
      input: new CreditQueue({ onConsumed: (count) => this.#send({ type: "credit", job: id, count }) }),
    };
    this.#jobs.set(id, job);
    try {
      const result = await this.#handler(method)(params, {
        signal: job.abort.signal,
        input: job.input,
        emit: async (value) => {
          if (!(await job.gate.take())) throw job.abort.signal.reason;
          this.#send({ type: "data", job: id, value });
        },
      });
      this.#send({ type: "done", job: id, result });
    } catch (thrown) {
      this.#send({ type: "failed", job: id, error: toWireError(thrown) });
    } finally {
      this.#jobs.delete(id);
      job.input.end();
      job.gate.end();
    }
  }

  #handler(method: string): JobHandler {
    const handler = Object.hasOwn(this.#engine.methods, method) ? this.#engine.methods[method] : undefined;
    if (handler !== undefined) return handler;
    throw new AudioError("engine-failed", `the engine has no method ${method}`, {
      nextStep: `Use one of: ${Object.keys(this.#engine.methods).join(", ")}.`,
    });
  }
}

function stop(job: OpenJob, timedOut: boolean): void {
  const error = timedOut
    ? new AudioError("job-timed-out", "the deadline has passed", { nextStep: "Allow more time." })
    : new AudioError("job-cancelled", "the caller cancelled", { nextStep: "Nothing to do." });
  job.abort.abort(error);
  job.gate.end();
  job.input.fail(error, true);
}
