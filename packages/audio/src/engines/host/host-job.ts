/** One job as the parent sees it, from `run` to its settled result. */
import { AudioError } from "../../errors.ts";
import { CreditGate, CreditQueue } from "./credit.ts";
import type { Job, JobOptions } from "./contracts.ts";
import type { ToChild } from "./protocol.ts";

/** What a job needs of the host it runs in. */
export interface JobContext {
  readonly hostName: string;
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
  /** @throws when a value cannot be sent at all (not cloneable, too large). */
  send(message: ToChild): void;
  /** Called once, when the caller has its answer. The engine may still be busy with a cancelled job. */
  onSettled(job: HostJob): void;
}

/** Implements {@link Job} for the engine host. */
export class HostJob implements Job {
  readonly id: number;
  readonly output: CreditQueue;
  readonly result: Promise<unknown>;
  readonly #context: JobContext;
  readonly #options: JobOptions;
  readonly #result = Promise.withResolvers<unknown>();
  readonly #gate = new CreditGate();
  readonly #onAbort = () => this.#cancel(abortError(this.#options.signal, this.#context));
  #iterator: AsyncIterator<unknown> | undefined;
  #state: "queued" | "running" | "settled" = "queued";

  constructor(context: JobContext, options: JobOptions) {
    this.id = context.id;
    this.#context = context;
    this.#options = options;
    this.result = this.#result.promise;
    // The failure is also given to the reader of `output`; a caller who looks there only must not crash the process.
    this.result.catch(() => undefined);
    this.output = new CreditQueue({
      onConsumed: (count) => this.#sendCredit(count),
      onAbandoned: () => this.#cancel(abortError(undefined, context)),
    });
    if (options.signal?.aborted === true) this.#onAbort();
    else options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Whether it begins before those that are not. */
  get urgent(): boolean {
    return this.#options.urgent === true;
  }

  get settled(): boolean {
    return this.#state === "settled";
  }

  /** The engine has room: sends the call and starts reading the input. */
  start(): void {
    if (this.#state !== "queued") return;
    const { id, method, params } = this.#context;
    this.#state = "running";
    try {
      this.#context.send({ type: "open", job: id, method, params });
    } catch (cause) {
      this.fail(unsendable(this.#context, cause));
      return;
    }
    void this.#pumpInput();
  }

  /** A value of the engine. @throws ProtocolBreach when it had no credit for it. */
  receive(value: unknown): void {
    this.output.push(value);
  }

  /** The engine consumed input. @throws ProtocolBreach when that cannot be. */
  grant(count: number): void {
    if (!this.settled) this.#gate.grant(count);
  }

  /** The engine is done. */
  succeed(value: unknown): void {
    if (!this.#settle()) return;
    this.output.end();
    this.#result.resolve(value);
  }

  /** The job cannot be completed; what was already received stays readable. */
  fail(error: unknown): void {
    if (!this.#settle()) return;
    this.output.fail(error, false);
    this.#result.reject(error);
  }

  #cancel(error: AudioError): void {
    const wasRunning = this.#state === "running";
    if (!this.#settle()) return;
    if (wasRunning) this.#context.send({ type: "cancel", job: this.id, timedOut: error.code === "job-timed-out" });
    this.output.fail(error, true);
    this.#result.reject(error);
  }

  #settle(): boolean {
    if (this.#state === "settled") return false;
    this.#state = "settled";
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#gate.end();
    // Not awaited: an input that waits for its next value answers only when that comes, and nobody needs the answer.
    this.#iterator?.return?.().catch(() => undefined);
    this.#context.onSettled(this);
    return true;
  }

  async #pumpInput(): Promise<void> {
    const context = this.#context;
    const { id } = context;
    try {
      this.#iterator = this.#options.input?.[Symbol.asyncIterator]();
      while (this.#iterator !== undefined && (await this.#gate.take())) {
        const step = await this.#iterator.next();
        if (this.settled) return;
        if (step.done === true) break;
        context.send({ type: "data", job: id, value: step.value });
      }
      if (!this.settled) context.send({ type: "end", job: id });
    } catch (cause) {
      if (this.settled) return;
      context.send({ type: "cancel", job: id, timedOut: false });
      this.fail(cause instanceof AudioError ? cause : inputFailed(context, cause));
    }
  }

  #sendCredit(count: number): void {
    if (this.#state === "running") this.#context.send({ type: "credit", job: this.id, count });
  }
}

function abortError(signal: AbortSignal | undefined, { hostName, method }: JobContext): AudioError {
  const reason: unknown = signal?.reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new AudioError("job-timed-out", `${hostName}: ${method} was not finished by its deadline`, {
      nextStep: "Allow more time, give shorter input, or choose a smaller model.",
      details: { host: hostName, method },
    });
  }
  return new AudioError("job-cancelled", `${hostName}: ${method} was cancelled`, {
    nextStep: "Nothing to do: the caller asked for it.",
    details: { host: hostName, method },
    cause: reason,
  });
}

function unsendable({ hostName, method }: JobContext, cause: unknown): AudioError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AudioError("input-refused", `${hostName}: the parameters of ${method} cannot be sent: ${why}`, {
    nextStep: "Pass plain values and typed arrays; stream long audio in chunks.",
    details: { host: hostName, method },
    cause,
  });
}

function inputFailed({ hostName, method }: JobContext, cause: unknown): AudioError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AudioError("input-refused", `${hostName}: the input of ${method} failed: ${why}`, {
    nextStep: "Mend the source of the input; the engine itself is well.",
    details: { host: hostName, method },
    cause,
  });
}
