/** How busy the machine is. Looks when it is asked, and at no other time. */
import { cpus, freemem, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** All programs of the machine together; of the peer's own process what it holds. */
export interface MachineFigures {
  /** The share of the processors that is busy, 0 to 1. */
  readonly cpu: number;
  readonly cores: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Of the peer's process, without its engines. */
  readonly rssBytes: number;
}

/** What the processors have done since the machine was started. */
export interface ProcessorTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

export interface MachineMeterOptions {
  readonly times?: () => ProcessorTimes;
  readonly nowMs?: () => number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** A look that is older says nothing of now. */
const OLD_MS = 15_000;
/** Between two looks, where there was none before; times are counted in hundredths of a second. */
const LOOK_MS = 250;

export class MachineMeter {
  readonly #times: () => ProcessorTimes;
  readonly #nowMs: () => number;
  readonly #pause: (ms: number) => Promise<unknown>;
  #last: (ProcessorTimes & { readonly atMs: number; readonly cpu: number }) | undefined;

  constructor({ times = processorTimes, nowMs = () => performance.now(), pause = sleep }: MachineMeterOptions = {}) {
    this.#times = times;
    this.#nowMs = nowMs;
    this.#pause = pause;
  }

  async read(): Promise<MachineFigures> {
    const total = totalmem();
    return {
      cpu: await this.#cpu(),
      cores: cpus().length,
      memoryUsedBytes: total - freemem(),
      memoryTotalBytes: total,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  async #cpu(): Promise<number> {
    const last = this.#last;
    const nowMs = this.#nowMs();
    // Several that look together see the same.
    if (last !== undefined && nowMs - last.atMs < LOOK_MS) return last.cpu;
    let before: ProcessorTimes | undefined = last;
    if (last === undefined || nowMs - last.atMs > OLD_MS) {
      before = this.#times();
      await this.#pause(LOOK_MS);
    }
    const now = this.#times();
    const total = now.totalMs - (before?.totalMs ?? 0);
    const busy = now.busyMs - (before?.busyMs ?? 0);
    const cpu = total <= 0 ? 0 : Math.min(1, Math.max(0, busy / total));
    this.#last = { ...now, atMs: this.#nowMs(), cpu };
    return cpu;
  }
}

function processorTimes(): ProcessorTimes {
  let [busyMs, totalMs] = [0, 0];
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    totalMs += all;
    busyMs += all - times.idle;
  }
  return { busyMs, totalMs };
}
