/** A simulated machine with its clock, and the process that runs on it: a peer, or a client. */
import { Doings } from "../kit/doings.ts";
import { HostClock } from "../kit/host-clock.ts";
import { within, type SimulatedProcess } from "../kit/process.ts";
import type { Random } from "../kit/random.ts";
import type { Timeline } from "../kit/timeline.ts";

export class Machine<Inside> {
  readonly name: string;
  readonly clock: HostClock;
  life: Life<Inside> | undefined;
  lives = 0;

  constructor(name: string, timeline: Timeline, startMs: number) {
    this.name = name;
    this.clock = new HostClock(timeline, startMs);
  }
}

/** A process from its start to its end. What it does after its end reaches nobody. */
export class Life<Inside> implements SimulatedProcess {
  readonly machine: Machine<Inside>;
  readonly name: string;
  /** What runs in it. */
  inside: Inside | undefined;
  readonly #chance: Random;
  readonly #doings: Doings;
  readonly #failed: (error: unknown) => void;

  constructor(
    machine: Machine<Inside>,
    given: { readonly timeline: Timeline; readonly random: Random; readonly failed: (error: unknown) => void },
  ) {
    machine.lives += 1;
    this.machine = machine;
    this.name = `${machine.name}.${machine.lives}`;
    this.#chance = given.random;
    this.#failed = given.failed;
    this.#doings = new Doings(given.timeline, (action) => this.#act(action));
  }

  get isOver(): boolean {
    return this.#doings.isOver;
  }

  get isPaused(): boolean {
    return this.#doings.isPaused;
  }

  get run(): (action: () => void) => void {
    return this.#doings.run;
  }

  nowMs(): number {
    return this.machine.clock.nowMs();
  }

  wallMs(): number {
    return this.machine.clock.wallMs();
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.machine.clock.after(delayMs, this.run, run);
  }

  random(): number {
    return this.#chance.next();
  }

  pause(): void {
    this.#doings.pause();
  }

  resume(): void {
    this.#doings.resume();
  }

  end(): void {
    this.#doings.end();
  }

  #act(action: () => void): void {
    try {
      within(this, action);
    } catch (error) {
      this.#failed(error);
    }
  }
}
