/** A host, and one life of it. */
import type { ActorSystem, Clock, RemotingHandle, ServiceQuery } from "@parley/actors";
import { Doings } from "../kit/doings.ts";
import { HostClock } from "../kit/host-clock.ts";
import type { Timeline } from "../kit/timeline.ts";
import { actorClock } from "./clock.ts";
import type { Placed } from "./messages.ts";

/** Which addresses a question to a receptionist should be answered with. */
export type Listed = (query: ServiceQuery) => readonly string[];

export interface ServicesHere {
  open(): void;
  end(): void;
  /** Those that live and fit. */
  readonly live: Listed;
  /** Looks whether all hosts' services are listed here. */
  check(truth: Listed): Promise<void>;
}

/** What one life of a host runs beside ledgers and entities. */
export interface More {
  readonly system: ActorSystem;
  /** Members of its tree that do not run and should. */
  readonly tree: { down(system: ActorSystem): readonly string[] };
  readonly services: ServicesHere;
}

export class Host {
  readonly name: string;
  life: Life | undefined;
  lives = 0;

  constructor(name: string) {
    this.name = name;
  }
}

export class Life {
  readonly host: Host;
  readonly number: number;
  readonly clock: Clock;
  system: ActorSystem | undefined;
  remoting: RemotingHandle | undefined;
  placed: Placed | undefined;
  more: More | undefined;
  /** It is on its way out by itself. */
  isStopping = false;
  readonly #hostClock: HostClock;
  readonly #doings: Doings;
  readonly #acted: (life: Life) => void;
  readonly #failed: (error: unknown) => void;

  constructor(host: Host, timeline: Timeline, acted: (life: Life) => void, failed: (error: unknown) => void) {
    host.lives += 1;
    this.host = host;
    this.number = host.lives;
    this.#acted = acted;
    this.#failed = failed;
    this.#hostClock = new HostClock(timeline);
    this.#doings = new Doings(timeline, (action) => this.#act(action));
    this.clock = actorClock(this.#hostClock, this.#doings.run, () => this.isOver);
  }

  get name(): string {
    return `${this.host.name}.${this.number}`;
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

  pause(timeStandsStill: boolean): void {
    this.#doings.pause();
    if (timeStandsStill) this.#hostClock.standStill();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.#hostClock.goOn();
    this.#doings.resume();
  }

  end(): void {
    this.#doings.end();
  }

  #act(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(error);
    }
    this.#acted(this);
  }
}
