/** A host, and one life of it. */
import type { ActorSystem, RemotingHandle, ServiceQuery } from "@parley/actors";
import type { Timeline } from "../kit/timeline.ts";
import { TimelineClock } from "./clock.ts";
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
  readonly clock: TimelineClock;
  system: ActorSystem | undefined;
  remoting: RemotingHandle | undefined;
  placed: Placed | undefined;
  more: More | undefined;
  isOver = false;
  isPaused = false;
  /** It is on its way out by itself. */
  isStopping = false;
  readonly #timeline: Timeline;
  readonly #acted: (life: Life) => void;
  readonly #failed: (error: unknown) => void;
  /** What has come during its pause, and after it, as long as something is left of that. */
  readonly #deferred: (() => void)[] = [];

  constructor(host: Host, timeline: Timeline, acted: (life: Life) => void, failed: (error: unknown) => void) {
    host.lives += 1;
    this.host = host;
    this.number = host.lives;
    this.#timeline = timeline;
    this.#acted = acted;
    this.#failed = failed;
    this.clock = new TimelineClock(timeline, this.run, () => this.isOver);
  }

  get name(): string {
    return `${this.host.name}.${this.number}`;
  }

  readonly run = (action: () => void): void => {
    if (this.isOver) return;
    if (this.isPaused || this.#deferred.length > 0) this.#deferred.push(action);
    else this.#act(action);
  };

  pause(timeStandsStill: boolean): void {
    this.isPaused = true;
    if (timeStandsStill) this.clock.standStill();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.clock.goOn();
    this.#timeline.after(0, this.#catchUp);
  }

  /** One by one: whatever follows from each happens before the next. */
  readonly #catchUp = (): void => {
    const next = this.isPaused || this.isOver ? undefined : this.#deferred.shift();
    if (next === undefined) return;
    this.#act(next);
    this.#timeline.after(0, this.#catchUp);
  };

  #act(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(error);
    }
    this.#acted(this);
  }
}
