/** Time that passes when a test says so. */
import type { Clock, Timer } from "../core/ports.ts";

interface Due {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Timers run in the order of their time, and of their making where times are equal. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #sequence = 0;
  /** A binary heap; cancelled timers stay in until their time. */
  readonly #heap: Due[] = [];
  readonly #active = new Set<Due>();
  #later: (() => void)[] = [];

  /** Timers that have not run. */
  get timers(): number {
    return this.#active.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    this.#sequence += 1;
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence, run };
    this.#active.add(due);
    this.#push(due);
    return { cancel: () => this.#active.delete(due) };
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Everything that needs no time happens. */
  async settle(): Promise<void> {
    do {
      const later = this.#later;
      this.#later = [];
      for (const run of later) run();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (this.#later.length > 0);
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.settle();
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Lets time pass, at most `limitMs`, until `promise` is settled; gives or throws what became of it. */
  async until<Value>(promise: Promise<Value>, limitMs = 60_000): Promise<Value> {
    const untilMs = this.#nowMs + limitMs;
    const state = { isSettled: false };
    const settled = (): void => {
      state.isSettled = true;
    };
    promise.then(settled, settled);
    await this.settle();
    while (!state.isSettled) {
      const due = this.#next(untilMs);
      if (due === undefined) throw new Error(`nothing more happens within ${limitMs} ms`);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
      await this.settle();
    }
    return promise;
  }

  #next(untilMs: number): Due | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || (first.atMs > untilMs && this.#active.has(first))) return undefined;
      this.#removeFirst();
      if (this.#active.delete(first)) return first;
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, due)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = due;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const [child, to] = b !== undefined && isBefore(b, a) ? [b, left + 1] : [a, left];
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = to;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
