/**
 * Sleep as systemd's logind tells of it (org.freedesktop.login1, https://systemd.io/INHIBITOR_LOCKS): it says `PrepareForSleep(true)`,
 * waits for those who hold a delay lock, for five seconds unless it is told otherwise (InhibitDelayMaxSec=), and says
 * `PrepareForSleep(false)` when the host is back, or did not sleep after all.
 *
 * The lock is a file descriptor that comes with a D-Bus message, which Node cannot take; so the tools that come with systemd and
 * D-Bus hold it and listen for this process.
 */
import type { Logger } from "pino";
import type { SleepEvents, SleepWatch } from "./events.ts";
import { HOLD, runTool, type RunningTool } from "./tools.ts";

const SENDER = "org.freedesktop.login1";
const PATH = "/org/freedesktop/login1";
const MANAGER = "org.freedesktop.login1.Manager";

const LOCK: readonly string[] = [
  "systemd-inhibit",
  "--what=sleep",
  "--mode=delay",
  "--who=Parley",
  "--why=The other peers take over what this one does for the cluster",
];

/** One after the other is tried: the first comes with GLib, the second with D-Bus. */
const LISTENERS: readonly (readonly string[])[] = [
  ["gdbus", "monitor", "--system", "--dest", SENDER, "--object-path", PATH],
  ["dbus-monitor", "--system", `type='signal',sender='${SENDER}',interface='${MANAGER}',member='PrepareForSleep'`],
];

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** Without one good run in between. */
const MAX_FAILURES = 6;
/** A tool that ran for so long worked. */
const GOOD_RUN_MS = 30_000;
/** What a shell says of a program that is not there. */
const NOT_FOUND = 127;

export interface LogindOptions {
  readonly events: SleepEvents;
  readonly log: Logger;
  /** Default: what comes with the system. */
  readonly listeners?: readonly (readonly string[])[];
}

/** Tells of sleep until it is closed; of none where logind, or its tools, are not there. */
export function watchLogind(options: LogindOptions): SleepWatch {
  return new Logind(options);
}

class Logind implements SleepWatch {
  readonly #options: LogindOptions;
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>;
  #lock: RunningTool | undefined;
  #isLetGo = false;
  /** From when sleep is announced until it is over. */
  #sleep: PromiseWithResolvers<void> | undefined;
  /** `dbus-monitor` names the signal in one line, and its argument in the next. */
  #isArgumentNext = false;

  constructor(options: LogindOptions) {
    this.#options = options;
    this.#loops = Promise.all([this.#keepListening(), this.#keepLock()]).then(() => undefined);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#sleep?.resolve();
    await this.#lock?.end();
    await this.#loops;
  }

  async #keepListening(): Promise<void> {
    const listeners = [...(this.#options.listeners ?? LISTENERS)];
    let isKnown = false;
    await this.#again("listen for sleep", async () => {
      const [command] = listeners;
      if (command === undefined) return "give-up";
      const tool = runTool({ command, onLine: (line) => this.#heard(line), endsWithInput: false });
      const stop = (): void => void tool.end();
      this.#closing.signal.addEventListener("abort", stop, { once: true });
      const code = await tool.ended;
      this.#closing.signal.removeEventListener("abort", stop);
      if (code !== NOT_FOUND || isKnown) {
        isKnown = true;
        return "again";
      }
      listeners.shift();
      return "at-once";
    });
  }

  /** While nobody sleeps. */
  async #keepLock(): Promise<void> {
    await this.#again("hold sleep off", async () => {
      await this.#sleep?.promise;
      if (this.#closing.signal.aborted) return "give-up";
      let isHeld = false;
      this.#isLetGo = false;
      const command = [...LOCK, ...HOLD];
      const onLine = (): void => {
        isHeld = true;
        this.#options.log.debug("sleep waits for this peer from now on");
      };
      this.#lock = runTool({ command, onLine, endsWithInput: true });
      const code = await this.#lock.ended;
      this.#lock = undefined;
      // Let go for a sleep: another is to be taken when that is over.
      if (isHeld && this.#isLetGo) return "at-once";
      return code === null && !isHeld ? "give-up" : "again";
    });
  }

  #heard(line: string): void {
    const said = this.#isArgumentNext ? /^\s*boolean (true|false)$/.exec(line) : heardOf(line);
    this.#isArgumentNext = said === null && line.startsWith("signal ") && line.includes("member=PrepareForSleep");
    if (said?.[1] === "true") void this.#fall();
    if (said?.[1] === "false") this.#wake();
  }

  async #fall(): Promise<void> {
    if (this.#sleep !== undefined) return;
    this.#sleep = Promise.withResolvers();
    await this.#options.events.falling();
    this.#isLetGo = true;
    await this.#lock?.end();
  }

  #wake(): void {
    this.#sleep?.resolve();
    this.#sleep = undefined;
    this.#options.events.woke();
  }

  /** Runs it again and again, with pauses that grow, until it is of no use. Never rejects. */
  async #again(what: string, run: () => Promise<"again" | "at-once" | "give-up">): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const sinceMs = performance.now();
      const next = await run();
      if (this.#closing.signal.aborted) return;
      if (next === "at-once" || performance.now() - sinceMs >= GOOD_RUN_MS) failures = 0;
      else failures += 1;
      if (next === "give-up" || failures >= MAX_FAILURES) {
        this.#options.log.info({ what }, "this host does not tell before it sleeps: it is noticed afterwards");
        return;
      }
      if (next === "again") await this.#pause(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures));
    }
  }

  /** Or until it is closed. */
  async #pause(delayMs: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    const giveUp = (): void => resolve();
    signal.addEventListener("abort", giveUp, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

/** As `gdbus monitor` writes it: `/org/freedesktop/login1: org.freedesktop.login1.Manager.PrepareForSleep (true,)`. */
function heardOf(line: string): RegExpExecArray | null {
  return /^\/org\/freedesktop\/login1: org\.freedesktop\.login1\.Manager\.PrepareForSleep \((true|false),\)$/.exec(
    line,
  );
}
