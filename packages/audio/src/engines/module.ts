/**
 * What an engine is from inside its host process: a module that exports `createEngine`. The host imports the module by
 * URL, calls `createEngine` with the options it was started with, and serves the engine's methods as jobs.
 */

/** The two streams and the cancel signal of one running job, seen from the engine. */
export interface JobIo {
  /** Aborted when the caller cancels, the deadline passes, or the host shuts down. */
  readonly signal: AbortSignal;
  /** What the caller streams in; ends when the caller ends it. Reading grants the caller credit to send more. */
  readonly input: AsyncIterable<unknown>;
  /** Streams one value out; resolves when the caller has room for another. */
  emit(value: unknown): Promise<void>;
}

/** One callable of an engine. `params` crosses a process border: validate before use. */
export type JobHandler = (params: unknown, io: JobIo) => Promise<unknown>;

/** A loaded engine. */
export interface Engine {
  /** Facts for the parent (voices, sample rate, …); structured-cloneable. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly methods: Readonly<Record<string, JobHandler>>;
  close?(): Promise<void>;
}

/** The shape of an engine module. Loading the model happens in here; a rejection is reported as `engine-start-failed`. */
export interface EngineModule {
  createEngine(options: unknown): Promise<Engine>;
}
