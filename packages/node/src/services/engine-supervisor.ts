/**
 * Keeps one engine host running: starts it, and starts it again after a crash, with back-off. A job that was running in
 * a host that died fails with that host's typed error; a job that comes while a host is being started waits for it.
 */
import { AudioError } from "@parley/audio";
import type { EngineHost, HostStatus, Job, JobOptions, JobRunner } from "@parley/audio/engines";
import { messageOf } from "../errors.ts";
import { backoffMs, pause, type Backoff } from "./backoff.ts";
import type { StartHost } from "./engine-source.ts";

/** What the supervisor reports of its host's life. */
export type SupervisorEvent =
  | { readonly type: "started"; readonly pid: number | undefined }
  | { readonly type: "exited"; readonly reason: string; readonly error: AudioError }
  | { readonly type: "start-failed"; readonly error: unknown; readonly retryInMs: number };

/** Options of {@link EngineSupervisor}. */
export interface SupervisorOptions {
  /** For messages: "hearing". */
  readonly name: string;
  readonly startHost: StartHost;
  readonly onEvent?: (event: SupervisorEvent) => void;
  readonly backoff?: Backoff;
  /** A host that lived this long has earned a fresh back-off. */
  readonly stableAfterMs?: number;
  /** How long a job waits for a host that is being started. */
  readonly waitMs?: number;
}

/** Where the supervisor stands. */
export interface SupervisorStatus {
  readonly state: "starting" | "running" | "closed";
  /** Times a host was started after the first. */
  readonly restarts: number;
  readonly lastError: string | undefined;
  readonly host: HostStatus | undefined;
}

const DEFAULT_BACKOFF: Backoff = { firstMs: 100, maxMs: 30_000 };

/** One host, kept alive. */
export class EngineSupervisor implements JobRunner {
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #host: EngineHost | undefined;
  #info: Readonly<Record<string, unknown>> | undefined;
  #next = Promise.withResolvers<EngineHost>();
  #running: Promise<void> | undefined;
  #starts = 0;
  #lastError: unknown;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    handled(this.#next.promise);
  }

  /** Starts the first host and from then on keeps one. @throws AudioError when the first start fails. */
  async start(): Promise<void> {
    const host = await this.#options.startHost(this.#closing.signal);
    this.#adopt(host);
    this.#running = this.#keep(host);
  }

  info(): Readonly<Record<string, unknown>> {
    if (this.#info === undefined) throw new Error(`${this.#options.name}: info() before start()`);
    return this.#info;
  }

  run(method: string, params: unknown, options: JobOptions = {}): Job {
    if (this.#host !== undefined) return this.#host.run(method, params, options);
    const job = this.#nextHost(options.signal).then((host) => host.run(method, params, options));
    const result = job.then((started) => started.result);
    handled(result);
    return {
      result,
      output: (async function* output() {
        yield* (await job).output;
      })(),
    };
  }

  status(): SupervisorStatus {
    const closed = this.#closing.signal.aborted;
    return {
      state: closed ? "closed" : this.#host === undefined ? "starting" : "running",
      restarts: Math.max(0, this.#starts - 1),
      lastError: this.#lastError === undefined ? undefined : messageOf(this.#lastError),
      host: this.#host?.status(),
    };
  }

  /** Ends the host and the keeping of it; jobs that wait fail with `engine-closed`. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#next.reject(closedError(this.#options.name));
    const host = this.#host;
    this.#host = undefined;
    await host?.close();
    await this.#running;
  }

  async #keep(first: EngineHost): Promise<void> {
    let host: EngineHost | undefined = first;
    let attempt = 0;
    while (!this.#closing.signal.aborted) {
      if (host !== undefined) {
        const startedAt = performance.now();
        const report = await host.exited;
        this.#host = undefined;
        if (this.#closing.signal.aborted) return;
        this.#lastError = report.error;
        this.#options.onEvent?.({ type: "exited", reason: report.reason, error: report.error });
        if (performance.now() - startedAt > (this.#options.stableAfterMs ?? 60_000)) attempt = 0;
      }
      const retryInMs = backoffMs(this.#options.backoff ?? DEFAULT_BACKOFF, attempt, Math.random());
      attempt += 1;
      await pause(retryInMs, this.#closing.signal);
      host = await this.#tryStart(attempt);
    }
  }

  async #tryStart(attempt: number): Promise<EngineHost | undefined> {
    if (this.#closing.signal.aborted) return undefined;
    try {
      const host = await this.#options.startHost(this.#closing.signal);
      if (this.#closing.signal.aborted) {
        await host.close();
        return undefined;
      }
      this.#adopt(host);
      return host;
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined;
      this.#lastError = error;
      const retryInMs = backoffMs(this.#options.backoff ?? DEFAULT_BACKOFF, attempt, 0.5);
      this.#options.onEvent?.({ type: "start-failed", error, retryInMs });
      // Who waits is told now; who comes later waits for the next attempt.
      this.#next.reject(error);
      this.#renewNext();
      return undefined;
    }
  }

  #adopt(host: EngineHost): void {
    this.#host = host;
    this.#info = host.info();
    this.#starts += 1;
    this.#options.onEvent?.({ type: "started", pid: host.status().pid });
    this.#next.resolve(host);
    this.#renewNext();
  }

  #renewNext(): void {
    this.#next = Promise.withResolvers<EngineHost>();
    handled(this.#next.promise);
  }

  async #nextHost(signal: AbortSignal | undefined): Promise<EngineHost> {
    if (this.#closing.signal.aborted) throw closedError(this.#options.name);
    const deadline = AbortSignal.timeout(this.#options.waitMs ?? 30_000);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(notUp(this.#options.name, this.#lastError, either));
    if (either.aborted) onAbort();
    either.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#next.promise, aborted.promise]);
    } finally {
      either.removeEventListener("abort", onAbort);
    }
  }
}

/** Marks a promise's rejection as met by whoever awaits it later; it stays rejected for them. */
function handled(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}

function closedError(name: string): AudioError {
  return new AudioError("engine-closed", `the ${name} engine is closed`, { nextStep: "Start the peer again." });
}

function notUp(name: string, lastError: unknown, signal: AbortSignal): AudioError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  if (!timedOut) return new AudioError("job-cancelled", "the job was cancelled", { nextStep: "Ask again when ready." });
  const why = lastError instanceof Error ? `: ${lastError.message}` : "";
  return new AudioError("engine-crashed", `the ${name} engine is not up${why}`, {
    nextStep: "Look at the peer's log, then try again; parley doctor checks the engines.",
    cause: lastError,
  });
}
