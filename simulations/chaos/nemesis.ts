/** Faults drawn from a seed, until told to end; all undone then. */
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../kit/random.ts";

const FIRST_REST_MS = 500;

/** How long a lane rests between two faults, and how long a fault is held; drawn from these, both ends included. */
export interface Pace {
  readonly restMs: readonly [low: number, high: number];
  readonly holdMs: readonly [low: number, high: number];
}

const PACE: Pace = { restMs: [300, 2_000], holdMs: [200, 2_000] };

/** Puts right what a fault did. */
export type Undo = () => Promise<void>;

/** One kind of fault: does its harm, and says how it is undone; undefined when it cannot be done now. */
export type Fault<Context> = (context: Context) => Promise<Undo | undefined>;

/** Faults by their names, by lanes: those of one lane never overlap, lanes go side by side. */
export type Lanes<Context> = Readonly<Record<string, Readonly<Record<string, Fault<Context>>>>>;

export interface NemesisOptions<Context> {
  readonly lanes: Lanes<Context>;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Default: that of processes that start in a moment. */
  readonly pace?: Pace;
  /** What a lane's faults work on, and draw from. */
  readonly context: (random: Random) => Context;
  /** A failure that other faults explain. */
  readonly isExpected: (error: unknown) => boolean;
}

export class Nemesis<Context> {
  /** How often each kind was done. */
  readonly counts: Record<string, number> = {};
  /** What could not be done, or undone, in the midst of other faults: expected, but shown. */
  readonly failures: Record<string, number> = {};
  /** What is wrong right now, for people who watch. */
  readonly active = new Set<string>();
  readonly #options: NemesisOptions<Context>;

  constructor(options: NemesisOptions<Context>) {
    this.#options = options;
  }

  /** Runs all lanes until the signal aborts, and undoes what is left. What must be right in the end is not seen to here. */
  async run(): Promise<void> {
    const { lanes } = this.#options;
    await Promise.all(Object.entries(lanes).map(async ([name, faults]) => this.#lane(name, faults)));
  }

  async #lane(name: string, faults: Lanes<Context>[string]): Promise<void> {
    const { seed, signal, pace = PACE } = this.#options;
    const random = new Random(seed, `nemesis/${name}`);
    const context = this.#options.context(random);
    await this.#wait(FIRST_REST_MS);
    while (!signal.aborted) {
      const [kind, fault] = random.pick(Object.entries(faults)) ?? [];
      const [restMs, holdMs] = [random.between(...pace.restMs), random.between(...pace.holdMs)];
      if (kind === undefined || fault === undefined) return;
      this.active.add(kind);
      const undo = await this.#attempt<Undo | undefined>(kind, () => fault(context));
      if (undo !== undefined) {
        this.counts[kind] = (this.counts[kind] ?? 0) + 1;
        await this.#wait(holdMs);
        await this.#attempt(`${kind}, undone`, undo);
      }
      this.active.delete(kind);
      await this.#wait(restMs);
    }
  }

  async #attempt<T>(kind: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!this.#options.isExpected(error)) throw error;
      this.failures[kind] = (this.failures[kind] ?? 0) + 1;
      return undefined;
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#options;
    if (signal.aborted) return;
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
