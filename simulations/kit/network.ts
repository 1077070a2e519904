/** Links between nodes. It decides when, how often and whether a message arrives; the world carries it. */
import type { Random } from "./random.ts";
import { MS, type Micros } from "./timeline.ts";

/** What is wrong with the network now. All zero: a good LAN. */
export interface Weather {
  /** Probability that a message is lost, or arrives twice. */
  loss: number;
  duplication: number;
  /** Probability that a message is held back, and for how long at most. */
  delay: number;
  maxDelay: Micros;
  /** Messages of one link may overtake each other. */
  reorder: boolean;
}

export function fairWeather(): Weather {
  return { loss: 0, duplication: 0, delay: 0, maxDelay: 0, reorder: false };
}

const MAX_NODES = 64;

/** A mesh of one-way links. */
export class Network {
  readonly #random: Random;
  weather: Weather = fairWeather();
  /** One-way links that carry nothing, with how many causes cut them. */
  readonly #cuts = new Map<number, number>();
  readonly #lastArrivals = new Map<number, Micros>();
  /** Same for every message, so that nothing breaks ties between nodes that act at once. */
  fixedLatency: Micros | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  cut(from: number, to: number): void {
    const link = linkOf(from, to);
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
  }

  mend(from: number, to: number): void {
    const link = linkOf(from, to);
    const causes = (this.#cuts.get(link) ?? 0) - 1;
    if (causes > 0) this.#cuts.set(link, causes);
    else this.#cuts.delete(link);
  }

  heal(): void {
    this.#cuts.clear();
    this.weather = fairWeather();
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts.has(linkOf(from, to));
  }

  /** When a message sent now arrives: never, once or twice; delays from `now`. */
  fate(from: number, to: number, now: Micros): readonly Micros[] {
    const { loss, duplication } = this.weather;
    if (this.isCut(from, to) || this.#random.chance(loss)) return [];
    const first = this.#arrival(from, to, now);
    return this.#random.chance(duplication) ? [first, this.#arrival(from, to, now)] : [first];
  }

  /** How long something takes from one host to another now. */
  latency(): Micros {
    const { delay, maxDelay } = this.weather;
    const latency = this.fixedLatency ?? MS * (0.3 + 2 * this.#random.next());
    return this.#random.chance(delay) ? latency + this.#random.next() * maxDelay : latency;
  }

  #arrival(from: number, to: number, now: Micros): Micros {
    const { reorder } = this.weather;
    const latency = this.latency();
    if (reorder) return latency * (1 + 10 * this.#random.next());
    const link = linkOf(from, to);
    const at = Math.max(now + latency, this.#lastArrivals.get(link) ?? 0);
    this.#lastArrivals.set(link, at);
    return at - now;
  }
}

function linkOf(from: number, to: number): number {
  return from * MAX_NODES + to;
}
