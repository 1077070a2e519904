/** A service that is a model in an engine host: finds or fetches the model, starts the host, keeps it alive. */
import { AudioError } from "@parley/audio";
import type { JobRunner } from "@parley/audio/engines";
import type { FetchProgress } from "@parley/audio/models";
import { backoffMs, pause, type Backoff } from "./backoff.ts";
import type { EngineSource } from "./engine-source.ts";
import { EngineSupervisor, type SupervisorEvent, type SupervisorStatus } from "./engine-supervisor.ts";
import { failureOf, engineTitles, type EngineName, type Stage } from "./stage.ts";

/** What a service's engine is to those who use it: a model in a host, or a part of the program. */
export interface ServiceEngine<T> {
  readonly stage: Stage;
  /** The engine, if it is ready; nothing is started for it. */
  readonly ready: T | undefined;
  readonly supervision: SupervisorStatus | undefined;
  /** Begins, in the background; calling it again does nothing. */
  start(): void;
  /** The engine, once ready. @throws AudioError */
  use(signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

/** What a service needs to come to life. */
export interface ModelEngineOptions<T> {
  readonly service: EngineName;
  readonly source: EngineSource;
  /** The engine's interface over its host. */
  readonly adapt: (runner: JobRunner) => T;
  readonly onStage: (stage: Stage) => void;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** Whether {@link ModelEngine.use} waits for a download (a command in one process) or answers at once (a peer). */
  readonly patient: boolean;
}

/** An engine that did not start is tried again soon, as one that crashed later would be. */
const START_RETRY: Backoff = { firstMs: 500, maxMs: 60_000 };
const START_FAILURES = new Set(["engine-start-failed", "engine-crashed", "engine-stalled", "engine-out-of-memory"]);
/** Anything else a person, the network or the disk has to mend; that is looked for now and then. */
const RETRY: Backoff = { firstMs: 15_000, maxMs: 300_000 };
/** How long a call to a peer waits for an engine that is only being started. */
const START_PATIENCE_MS = 20_000;

/** One model-backed service. */
export class ModelEngine<T> implements ServiceEngine<T> {
  readonly #options: ModelEngineOptions<T>;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  #stage: Stage = { state: "waiting" };
  #supervisor: EngineSupervisor | undefined;
  #engine: T | undefined;
  #life: Promise<void> | undefined;
  /** Why the stage is `failed`. */
  #error: unknown;

  constructor(options: ModelEngineOptions<T>) {
    this.#options = options;
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** The engine, if it is ready; nothing is started for it. */
  get ready(): T | undefined {
    return this.#engine;
  }

  /** The supervisor's status once there is one. */
  get supervision(): SupervisorStatus | undefined {
    return this.#supervisor?.status();
  }

  /** Begins, in the background; calling it again does nothing. */
  start(): void {
    this.#life ??= this.#live();
  }

  /**
   * The engine, once ready.
   * @throws AudioError: what the start failed with; `model-missing` while a download runs and the service is not patient.
   */
  async use(signal?: AbortSignal): Promise<T> {
    this.start();
    const deadline = this.#options.patient ? undefined : AbortSignal.timeout(START_PATIENCE_MS);
    for (;;) {
      if (this.#engine !== undefined) return this.#engine;
      const error = this.#whyNot(signal, deadline);
      if (error !== undefined) throw error;
      await this.#change([signal, deadline]);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#life;
    await this.#supervisor?.close();
  }

  async #live(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#comeUp(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        this.#error = error;
        this.#enter({ state: "failed", failure });
        const policy = START_FAILURES.has(failure.code) ? START_RETRY : RETRY;
        await pause(backoffMs(policy, attempt, Math.random()), signal);
      }
    }
  }

  async #comeUp(signal: AbortSignal): Promise<void> {
    const { source } = this.#options;
    const name = await source.choose();
    this.#enter({ state: "fetching", model: name, progress: undefined });
    const onProgress = (progress: FetchProgress): void => this.#enter({ state: "fetching", model: name, progress });
    const startHost = await source.fetch(name, { signal, onProgress });
    this.#enter({ state: "starting", model: name });
    const supervisor = new EngineSupervisor({
      name: engineTitles[this.#options.service],
      startHost,
      onEvent: this.#options.onEvent,
    });
    this.#supervisor = supervisor;
    await supervisor.start();
    this.#engine = this.#options.adapt(supervisor);
    this.#enter({ state: "ready", model: name });
  }

  #whyNot(signal: AbortSignal | undefined, deadline: AbortSignal | undefined): unknown {
    const title = engineTitles[this.#options.service];
    const stage = this.#stage;
    if (this.#closing.signal.aborted) {
      return new AudioError("engine-closed", `the ${title} service is closed`, { nextStep: "Start the peer again." });
    }
    if (signal?.aborted === true) {
      return new AudioError("job-cancelled", "cancelled", { nextStep: "Ask again when ready.", cause: signal.reason });
    }
    if (stage.state === "failed") return this.#error;
    if (stage.state === "fetching" && !this.#options.patient && stage.progress !== undefined) {
      return stillFetching(title, stage.model, stage.progress);
    }
    if (deadline?.aborted === true) {
      return new AudioError("engine-busy", `the ${title} service is still starting`, {
        nextStep: "Try again in a moment.",
      });
    }
    return undefined;
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#options.onStage(stage);
    for (const wake of this.#waiters) wake();
  }

  async #change(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    const wake = Promise.withResolvers<void>();
    const over = new AbortController();
    this.#waiters.add(wake.resolve);
    for (const signal of [...signals, this.#closing.signal]) {
      if (signal?.aborted === true) wake.resolve();
      signal?.addEventListener("abort", () => wake.resolve(), { signal: over.signal });
    }
    try {
      await wake.promise;
    } finally {
      over.abort();
      this.#waiters.delete(wake.resolve);
    }
  }
}

function stillFetching(title: string, model: string, progress: FetchProgress): AudioError {
  const percent = progress.bytesTotal === 0 ? 0 : Math.floor((100 * progress.bytesDone) / progress.bytesTotal);
  const left = progress.secondsLeft === null ? "" : `, about ${Math.ceil(progress.secondsLeft)} s left`;
  return new AudioError("model-missing", `the ${title} model ${model} is still being fetched (${percent} %${left})`, {
    nextStep: "Try again when it is there: parley status shows the progress.",
  });
}
