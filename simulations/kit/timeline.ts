/** Virtual time: events in the order of their time, and of their making where times are equal. */

/** Microseconds. */
export type Micros = number;
export const MS: Micros = 1000;
export const SECOND: Micros = 1_000_000;

interface Event {
  readonly at: Micros;
  readonly sequence: number;
  readonly run: () => void;
}

/** The clock and everything that is still to happen, as a binary heap. */
export class Timeline {
  now: Micros = 0;
  #sequence = 0;
  readonly #heap: Event[] = [];

  after(delay: Micros, run: () => void): void {
    this.#sequence += 1;
    const event = { at: this.now + Math.max(0, Math.round(delay)), sequence: this.#sequence, run };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  /** Runs the next event, if there is one until `end`; otherwise it is `end` now. */
  runNext(end: Micros): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.at > end) {
      this.now = end;
      return false;
    }
    this.#removeFirst();
    this.now = first.at;
    first.run();
    return true;
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

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
