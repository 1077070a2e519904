/** One-way links that can be cut: what is sent meanwhile waits on the way, in order, as with TCP. */
import type { Random } from "../kit/random.ts";
import { MS, type Micros, type Timeline } from "../kit/timeline.ts";

/** What is wrong with links now. All zero: a good network. */
export interface Weather {
  /** Probability that something is held up, with all behind it, and for how long at most. */
  stall: number;
  stallMs: number;
}

export class Ways {
  readonly #timeline: Timeline;
  readonly #random: Random;
  /** How many causes cut a link. */
  readonly #cuts = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  weather: Weather = { stall: 0, stallMs: 0 };

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline;
    this.#random = random;
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(linkOf(from, to));
  }

  cut(from: string, to: string): void {
    const link = linkOf(from, to);
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
  }

  /** @returns whether nothing cuts it any more */
  mend(from: string, to: string): boolean {
    const link = linkOf(from, to);
    const causes = (this.#cuts.get(link) ?? 0) - 1;
    if (causes > 0) {
      this.#cuts.set(link, causes);
      return false;
    }
    this.#open(link);
    return true;
  }

  heal(): void {
    this.weather = { stall: 0, stallMs: 0 };
    for (const link of this.#cuts.keys()) this.#open(link);
  }

  latency(): Micros {
    const { stall, stallMs } = this.weather;
    const latency = MS * (0.3 + 2 * this.#random.next());
    return this.#random.chance(stall) ? latency + MS * stallMs * this.#random.next() : latency;
  }

  /** A way of its own from one to the other: what is sent by it arrives in order. */
  open(from: string, to: string): (arrive: () => void) => void {
    let last: Micros = 0;
    const link = linkOf(from, to);
    const queue: (() => void)[] = [];
    let isHeld = false;
    const deliver = (): void => {
      if (isHeld) return;
      if (this.#cuts.has(link)) {
        isHeld = true;
        const waiting = this.#waiting.get(link) ?? [];
        this.#waiting.set(link, waiting);
        waiting.push(() => {
          isHeld = false;
          while (queue.length > 0) queue.shift()?.();
        });
        return;
      }
      queue.shift()?.();
    };
    return (arrive) => {
      const at = Math.max(last, this.#timeline.now + this.latency());
      last = at;
      this.#timeline.after(at - this.#timeline.now, () => {
        queue.push(arrive);
        deliver();
      });
    };
  }

  #open(link: string): void {
    this.#cuts.delete(link);
    const waiting = this.#waiting.get(link) ?? [];
    this.#waiting.delete(link);
    for (const go of waiting) go();
  }
}

function linkOf(from: string, to: string): string {
  return `${from} ${to}`;
}
