/** One child process with an engine in it, from spawn to its last words. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AudioError, type ErrorDetails } from "../../errors.ts";
import { openChannel, type Channel } from "./channel.ts";
import { childEnvironment, inheritedExecArgv } from "./child-environment.ts";
import type { EngineHost, EngineHostOptions, ExitReport, HostStatus, Job, JobOptions } from "./contracts.ts";
import { HostJob } from "./host-job.ts";
import { JobTable } from "./job-table.ts";
import { LastLines } from "./last-lines.ts";
import { siblingModule } from "./module-url.ts";
import { residentBytes } from "./process-memory.ts";
import { CHANNEL_FD, fromWireError, parseToParent, ProtocolBreach, type ToChild, type ToParent } from "./protocol.ts";

/** How long the last lines of a dead process may take to arrive. */
const LAST_WORDS_MS = 250;
/** Lines of them in an error's message; the exit report has more. */
const LAST_WORDS_LINES = 5;
const DEFAULT_PING_EVERY_MS = 1_000;

/** Why a host was ended from here. */
interface Death {
  readonly reason: ExitReport["reason"];
  readonly error: AudioError;
}

/** Implements {@link EngineHost}; {@link ready} comes before anything else may be used. */
export class HostProcess implements EngineHost {
  readonly name: string;
  readonly exited: Promise<ExitReport>;
  readonly #options: EngineHostOptions;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #jobs: JobTable;
  readonly #lines = new LastLines();
  readonly #startedAtMs = performance.now();
  readonly #ready = Promise.withResolvers<void>();
  readonly #health: NodeJS.Timeout;
  #info: Readonly<Record<string, unknown>> | undefined;
  #death: Death | undefined;
  #rssBytes = 0;
  #unansweredPings = 0;
  #lastPing = 0;

  constructor(options: EngineHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.#jobs = new JobTable({
      hostName: options.name,
      maxJobs: options.maxJobs ?? 1,
      maxQueuedJobs: options.maxQueuedJobs ?? 32,
    });
    this.#child = spawn(
      process.execPath,
      [...inheritedExecArgv(process.execArgv), fileURLToPath(siblingModule(import.meta.url, "./main"))],
      { stdio: ["ignore", "pipe", "pipe", "pipe"], env: childEnvironment(process.env, options.env), windowsHide: true },
    );
    if (this.#child.stdout !== null) this.#lines.follow(this.#child.stdout);
    if (this.#child.stderr !== null) this.#lines.follow(this.#child.stderr);
    const socket = this.#child.stdio[CHANNEL_FD];
    if (!(socket instanceof Socket)) throw new TypeError("the child's message socket is no socket");
    this.#channel = openChannel(socket, {
      onMessage: (value) => this.#receive(value),
      onBreach: (breach) => this.#onBreach(breach),
      // Without its channel a host is of no use. Usually it is dead already, and its exit tells how it died.
      onClosed: () => this.#child.kill("SIGKILL"),
    });
    this.exited = this.#watchExit();
    this.#health = setInterval(() => void this.#checkHealth(), options.pingEveryMs ?? DEFAULT_PING_EVERY_MS).unref();
    this.#send({ type: "start", name: options.name, module: options.module.href, options: options.options });
  }

  /** Resolves when the engine is loaded; rejects, once the process is gone, when it could not be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  info(): Readonly<Record<string, unknown>> {
    return this.#info ?? {};
  }

  run(method: string, params: unknown, options: JobOptions = {}): Job {
    const job = new HostJob(
      {
        hostName: this.name,
        id: this.#jobs.nextId(),
        method,
        params,
        send: (message) => this.#send(message),
        onSettled: (settled) => this.#jobs.forget(settled),
      },
      options,
    );
    if (this.#death === undefined) this.#jobs.add(job);
    else job.fail(this.#death.error);
    return job;
  }

  status(): HostStatus {
    return {
      pid: this.#child.pid ?? 0,
      rssBytes: this.#rssBytes,
      running: this.#jobs.running,
      queued: this.#jobs.queued,
      uptimeMs: performance.now() - this.#startedAtMs,
    };
  }

  async close(options: { readonly timeoutMs?: number } = {}): Promise<ExitReport> {
    if (this.#death === undefined) {
      this.#die("closed", this.#error("engine-closed", "the engine was closed", "Start the engine again."));
      this.#send({ type: "shutdown" });
    }
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), options.timeoutMs ?? 5_000);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends a host that did not become ready. */
  kill(error: AudioError): void {
    this.#kill("closed", error);
  }

  #receive(value: unknown): void {
    const message = parseToParent(value);
    if (message instanceof ProtocolBreach) throw message;
    switch (message.type) {
      case "ready":
        if (this.#info !== undefined) throw new ProtocolBreach("ready twice");
        this.#info = message.info;
        this.#ready.resolve();
        break;
      case "start-failed":
        this.#kill("crashed", fromWireError(message.error, this.name));
        break;
      case "pong":
        if (message.id !== this.#lastPing) throw new ProtocolBreach("a pong without a ping");
        this.#unansweredPings = 0;
        if (process.platform !== "linux") this.#rssBytes = message.rssBytes;
        break;
      case "data":
      case "credit":
      case "done":
      case "failed":
        this.#receiveForJob(message);
        break;
    }
  }

  #receiveForJob(message: Extract<ToParent, { job: number }>): void {
    const job = this.#jobs.find(message.job);
    if (job === undefined) return;
    switch (message.type) {
      case "data":
        job.receive(message.value);
        break;
      case "credit":
        job.grant(message.count);
        break;
      case "done":
        job.succeed(message.result);
        this.#jobs.release(job.id);
        break;
      case "failed":
        job.fail(fromWireError(message.error, this.name));
        this.#jobs.release(job.id);
        break;
    }
  }

  #send(message: ToChild): void {
    this.#channel.send(message);
  }

  /** Counts own ticks, not time: a parent that was suspended or overloaded must not blame its hosts for it. */
  async #checkHealth(): Promise<void> {
    const everyMs = this.#options.pingEveryMs ?? DEFAULT_PING_EVERY_MS;
    const stallAfterMs = this.#options.stallAfterMs ?? 10_000;
    const graceMs = this.#options.cancelGraceMs ?? 60_000;
    if (this.#death !== undefined) return;
    if (this.#info !== undefined) {
      if (this.#unansweredPings * everyMs >= stallAfterMs) this.#stalled(`did not answer for ${stallAfterMs} ms`);
      else if (this.#jobs.tick() * everyMs > graceMs)
        this.#stalled(`did not let go of a cancelled job for ${graceMs} ms`);
      else if (this.#unansweredPings === 0) this.#send({ type: "ping", id: (this.#lastPing += 1) });
      this.#unansweredPings += 1;
    }
    const rssBytes = this.#child.pid === undefined ? undefined : await residentBytes(this.#child.pid);
    if (rssBytes !== undefined) this.#rssBytes = rssBytes;
    const limitBytes = this.#options.memoryLimitBytes ?? Infinity;
    if (this.#rssBytes > limitBytes) this.#outOfMemory(this.#rssBytes, limitBytes);
  }

  #stalled(what: string): void {
    const nextStep = "It is restarted by its supervisor. If it happens again, use a smaller model or fewer threads.";
    this.#kill("stalled", this.#error("engine-stalled", `the engine ${what} and was ended`, nextStep));
  }

  #outOfMemory(rssBytes: number, limitBytes: number): void {
    const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
    const what = `the engine used ${mebibytes(rssBytes)} of memory, its ceiling is ${mebibytes(limitBytes)}`;
    const nextStep = "Raise the engine's memory ceiling or choose a smaller model.";
    const details = { rssBytes, limitBytes };
    this.#kill("out-of-memory", this.#error("engine-out-of-memory", `${what}; it was ended`, nextStep, details));
  }

  #onBreach(breach: ProtocolBreach): void {
    const what = `the engine host sent a message that is none (${breach.message}); it was ended`;
    this.#kill("protocol-breach", this.#error("engine-crashed", what, RESTART_HINT, { breach: breach.message }));
  }

  #kill(reason: ExitReport["reason"], error: AudioError): void {
    this.#die(reason, error);
    this.#child.kill("SIGKILL");
  }

  /** From here on the host takes no jobs; the first reason stays. */
  #die(reason: ExitReport["reason"], error: AudioError): void {
    if (this.#death !== undefined) return;
    this.#death = { reason, error };
    this.#jobs.failAll(error);
  }

  async #watchExit(): Promise<ExitReport> {
    const child = this.#child;
    const closed = once(child, "close");
    // `close` is also emitted when the process could not be spawned; this says why then.
    child.on("error", (cause) => this.#die("crashed", this.#startFailed(`cannot be started: ${cause.message}`)));
    child.once("exit", () => {
      // A grandchild may keep the pipes open for ever.
      void sleep(LAST_WORDS_MS, undefined, { ref: false }).then(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        this.#channel.close();
      });
    });
    await closed;
    clearInterval(this.#health);
    this.#channel.close();
    const { exitCode, signalCode: signal } = child;
    this.#die("crashed", this.#crashed(exitCode, signal));
    const { reason, error } = this.#death ?? { reason: "crashed", error: this.#crashed(exitCode, signal) };
    this.#ready.reject(error);
    // Nobody waits for `ready` any more when the host died later in its life.
    this.#ready.promise.catch(() => undefined);
    return {
      name: this.name,
      pid: child.pid ?? 0,
      reason,
      exitCode,
      signal,
      error,
      lastLines: [...this.#lines.lines],
      uptimeMs: performance.now() - this.#startedAtMs,
    };
  }

  #crashed(exitCode: number | null, signal: NodeJS.Signals | null): AudioError {
    const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
    const lines = this.#lines.lines.slice(-LAST_WORDS_LINES);
    const words = lines.length === 0 ? "" : `; its last words:\n${lines.join("\n")}`;
    if (this.#info === undefined) return this.#startFailed(`${how} while it was loading${words}`);
    return this.#error("engine-crashed", `the engine ${how}${words}`, RESTART_HINT, { exitCode, signal });
  }

  #startFailed(what: string): AudioError {
    const nextStep = "Check that the model's files are complete (`parley models verify`) and that memory is free.";
    return this.#error("engine-start-failed", `the engine ${what}`, nextStep);
  }

  #error(code: AudioError["code"], message: string, nextStep: string, details: ErrorDetails = {}): AudioError {
    return new AudioError(code, `${this.name}: ${message}`, { nextStep, details: { ...details, host: this.name } });
  }
}

const RESTART_HINT = "The engine is restarted by its supervisor: try again. If it repeats, reinstall the model.";
