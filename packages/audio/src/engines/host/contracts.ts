/**
 * The ports of engine hosting: {@link JobRunner} is how engines are called (a host implements it, and so does whatever
 * supervises hosts), {@link EngineHost} adds the life of one process.
 */
import type { AudioError } from "../../errors.ts";

/** Options of {@link JobRunner.run}. */
export interface JobOptions {
  /** Cancels the job; with a `TimeoutError` as reason (`AbortSignal.timeout`) it is the job's deadline. */
  readonly signal?: AbortSignal;
  /** Streamed to the engine, read no faster than the engine consumes it. Empty when absent. */
  readonly input?: AsyncIterable<unknown>;
  /** Begins before all waiting jobs that are not, and has places to wait of its own. Default false. */
  readonly urgent?: boolean | undefined;
}

/**
 * A call under way. Whoever awaits only one of the two sides misses nothing: a failure is given to both, and neither
 * becomes an unhandled rejection when nobody looks.
 */
export interface Job {
  /**
   * What the engine streams out, for one reader. Leaving the loop early cancels the job. A job whose output nobody
   * reads pauses once a window of values waits: read it, or cancel the job.
   */
  readonly output: AsyncIterable<unknown>;
  /** What the engine answered in the end. @throws AudioError `engine-*`, `job-*`, `input-refused`, `model-*`. */
  readonly result: Promise<unknown>;
}

/** Runs jobs on one engine. */
export interface JobRunner {
  /** What the engine told about itself when it was ready. Comes from another process: validate before use. */
  info(): Readonly<Record<string, unknown>>;
  /** Starts a job, or queues it. Never throws: every failure, `engine-busy` too, is the job's. */
  run(method: string, params: unknown, options?: JobOptions): Job;
}

/** What to start and within which bounds. */
export interface EngineHostOptions {
  /** For messages and logs, such as `stt`. */
  readonly name: string;
  /** The engine module (`file:` URL), see {@link EngineModule}. */
  readonly module: URL;
  /** Handed to the module's `createEngine`; structured-cloneable. */
  readonly options: unknown;
  /** Loading a model may take this long. Default 120,000. */
  readonly startTimeoutMs?: number;
  /** Rhythm of the health check (event loop and memory). Default 1,000. */
  readonly pingEveryMs?: number;
  /** A host whose event loop does not answer for this long is killed. Default 10,000. */
  readonly stallAfterMs?: number;
  /** An engine that has not let go of a cancelled job after this long counts as stalled. Default 60,000. */
  readonly cancelGraceMs?: number;
  /** Resident bytes above which the host is killed, seen at each health check. Default: no ceiling. */
  readonly memoryLimitBytes?: number;
  /** Jobs the engine runs at once. Default 1. */
  readonly maxJobs?: number;
  /** Jobs that may wait for their turn, urgent ones and others counted apart; beyond that `engine-busy`. Default 32. */
  readonly maxQueuedJobs?: number;
  /** Extra environment variables of the child. It inherits only those a native library needs, no secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

/** How a host ended. */
export interface ExitReport {
  readonly name: string;
  readonly pid: number;
  /** `closed`: because it was asked to. Anything else is for the supervisor. */
  readonly reason: "closed" | "crashed" | "stalled" | "out-of-memory" | "protocol-breach";
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What its jobs failed with. */
  readonly error: AudioError;
  /** The end of what it wrote to stdout and stderr. */
  readonly lastLines: readonly string[];
  readonly uptimeMs: number;
}

/** A host at one moment. */
export interface HostStatus {
  readonly pid: number;
  /** As of the last health check; 0 before the first. */
  readonly rssBytes: number;
  /** Jobs inside the engine, cancelled ones that it has not let go of included. */
  readonly running: number;
  readonly queued: number;
  readonly uptimeMs: number;
}

/** A running engine. */
export interface EngineHost extends JobRunner {
  /** As given to {@link EngineHostOptions.name}. */
  readonly name: string;
  /** Resolves when the process is gone, whatever the reason; never rejects. */
  readonly exited: Promise<ExitReport>;
  status(): HostStatus;
  /**
   * Fails what runs or waits with `engine-closed`, lets the engine close itself, and kills it after `timeoutMs`
   * (default 5,000). Resolves when the process is gone.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<ExitReport>;
}
