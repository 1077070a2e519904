/**
 * A simulated process among others in this one: what the globals of Node give, time, timers and chance, they give to each from
 * its own host. The shipped code stays as it is. Which process is at work follows its promises (`AsyncLocalStorage`); whoever
 * belongs to none, such as a test's runner, finds the real globals.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** One life of a process. */
export interface SimulatedProcess {
  /** Since any fixed moment; never goes back. */
  nowMs(): number;
  /** Since 1970, as far as the host knows; may jump. */
  wallMs(): number;
  /** Runs `run` within this process: after `delayMs` by its clock, after its pause, or never when it is over. */
  after(delayMs: number, run: () => void): { cancel(): void };
  /** In [0, 1). */
  random(): number;
}

const current = new AsyncLocalStorage<SimulatedProcess>();

/** Does something as that process. */
export function within<T>(process: SimulatedProcess, action: () => T): T {
  return current.run(process, action);
}

class SimulatedTimer {
  readonly #process: SimulatedProcess;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  readonly #run: () => void;
  #waiting: { cancel(): void } | undefined;

  constructor(process: SimulatedProcess, delayMs: number, repeats: boolean, run: () => void) {
    this.#process = process;
    this.#delayMs = delayMs;
    this.#repeats = repeats;
    this.#run = run;
    this.#arm();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.close();
    this.#arm();
    return this;
  }

  close(): void {
    this.#waiting?.cancel();
    this.#waiting = undefined;
  }

  #arm(): void {
    this.#waiting = this.#process.after(this.#delayMs, () => {
      this.#waiting = undefined;
      if (this.#repeats) this.#arm();
      this.#run();
    });
  }
}

type Callback = (...args: readonly unknown[]) => void;

/** The least that Node waits. */
const LEAST_MS = 1;

type Real = (...args: never[]) => unknown;

function starting(real: Real, repeats: boolean, delayOf: (delayMs: unknown) => number) {
  return (run: Callback, delayMs?: unknown, ...args: readonly unknown[]): unknown => {
    const process = current.getStore();
    if (process === undefined) return Reflect.apply(real, globalThis, [run, delayMs, ...args]);
    return new SimulatedTimer(process, delayOf(delayMs), repeats, () => run(...args));
  };
}

function soon(real: Real) {
  return (run: Callback, ...args: readonly unknown[]): unknown => {
    const process = current.getStore();
    if (process === undefined) return Reflect.apply(real, globalThis, [run, ...args]);
    return new SimulatedTimer(process, 0, false, () => run(...args));
  };
}

function ending(real: Real) {
  return (timer: unknown): void => {
    if (timer instanceof SimulatedTimer) timer.close();
    else Reflect.apply(real, globalThis, [timer]);
  };
}

const asDelay = (delayMs: unknown): number => Math.max(LEAST_MS, Number(delayMs ?? LEAST_MS) || LEAST_MS);

function abortingAfter(real: typeof AbortSignal.timeout) {
  return (delayMs: number): AbortSignal => {
    const process = current.getStore();
    if (process === undefined) return real.call(AbortSignal, delayMs);
    const control = new AbortController();
    process.after(delayMs, () =>
      control.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    );
    return control.signal;
  };
}

function randomBytes(real: typeof crypto.randomBytes) {
  return (size: number, ...rest: readonly unknown[]): unknown => {
    const process = current.getStore();
    if (process === undefined || rest.length > 0) return Reflect.apply(real, crypto, [size, ...rest]);
    return Buffer.from(Array.from({ length: size }, () => Math.floor(process.random() * 256)));
  };
}

function randomUUID(real: typeof crypto.randomUUID) {
  return (): string => {
    const process = current.getStore();
    if (process === undefined) return real();
    const digits = Array.from({ length: 32 }, () => Math.floor(process.random() * 16).toString(16)).join("");
    return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
  };
}

/** Has the globals follow the process at work, as long as `use` takes. @param names whether those of `globalThis.crypto` do, too */
export async function withSimulatedProcesses<T>(use: () => Promise<T>, { names = false } = {}): Promise<T> {
  const restores: (() => void)[] = [];
  const replace = <Owner extends object, Name extends keyof Owner & string>(
    owner: Owner,
    name: Name,
    make: (real: Owner[Name]) => unknown,
  ): void => {
    const real = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { value: make(owner[name]), configurable: true, writable: true });
    restores.push(() => {
      // Of a prototype: it shows again once what hides it is gone.
      if (real === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, real);
    });
  };
  replace(globalThis, "setTimeout", (real) => starting(real, false, asDelay));
  replace(globalThis, "setInterval", (real) => starting(real, true, asDelay));
  replace(globalThis, "setImmediate", (real) => soon(real));
  replace(globalThis, "clearTimeout", (real) => ending(real));
  replace(globalThis, "clearInterval", (real) => ending(real));
  replace(globalThis, "clearImmediate", (real) => ending(real));
  replace(performance, "now", (real) => () => current.getStore()?.nowMs() ?? real.call(performance));
  replace(Date, "now", (real) => () => current.getStore()?.wallMs() ?? real.call(Date));
  replace(Math, "random", (real) => () => current.getStore()?.random() ?? real.call(Math));
  replace(AbortSignal, "timeout", abortingAfter);
  replace(crypto, "randomUUID", randomUUID);
  replace(crypto, "randomBytes", randomBytes);
  if (names) replace(globalThis.crypto, "randomUUID", (real) => randomUUID(real.bind(globalThis.crypto)));
  syncBuiltinESMExports();
  try {
    return await use();
  } finally {
    for (const restore of restores.toReversed()) restore();
    syncBuiltinESMExports();
  }
}
