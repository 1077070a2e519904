/** A simulated machine: its disk and its clock, which outlive the processes on it, and the life that it has now. */
import { MemoryDisk } from "@parley/raft";
import type { simulated } from "@parley/node/testing";
import { Doings } from "../kit/doings.ts";
import type { HostClock } from "../kit/host-clock.ts";
import { within, type SimulatedProcess } from "../kit/process.ts";
import type { Random } from "../kit/random.ts";
import type { Micros, Timeline } from "../kit/timeline.ts";
import type { OutboxBytes } from "./outbox-file.ts";
import type { SimulatedHost } from "./mesh/mesh-host.ts";

export class Machine {
  /** From 1 on. */
  readonly number: number;
  readonly name: string;
  readonly identity: Awaited<ReturnType<typeof simulated.identityOfSeed>>;
  readonly sealingKey: ReturnType<typeof simulated.sealingKeyOfSeed>;
  readonly clock: HostClock;
  readonly files = new Map<string, string>();
  readonly logs = new Map<string, MemoryDisk>();
  /** By path. */
  readonly outboxes = new Map<string, OutboxBytes>();
  life: Life | undefined;
  lives = 0;
  /** Factor on the time that the disk takes. */
  diskSlowness = 1;
  isDiskFull = false;
  misreads = false;
  /** Somebody wanted it to belong no more. */
  isRetired = false;
  /** Its peer has been in a cluster with others, or in one that it was taken into. */
  hasBelonged = false;

  constructor(number: number, given: Pick<Machine, "identity" | "sealingKey" | "clock">) {
    this.number = number;
    this.name = `m${number}`;
    this.identity = given.identity;
    this.sealingKey = given.sealingKey;
    this.clock = given.clock;
  }

  get peerId(): string {
    return this.identity.peerId;
  }

  logAt(folder: string): MemoryDisk {
    const known = this.logs.get(folder);
    if (known !== undefined) return known;
    const disk = new MemoryDisk();
    this.logs.set(folder, disk);
    return disk;
  }
}

type Sleeper = Parameters<NonNullable<simulated.ClusterOptions["watchSleep"]>>[0];

/** A process from its start to its end. What it does after its end reaches nobody. */
export class Life implements SimulatedProcess {
  readonly host: Machine;
  readonly number: number;
  readonly chance: Random;
  mesh: SimulatedHost | undefined;
  cluster: simulated.ClusterHost | undefined;
  face: simulated.ClusteredPeer | undefined;
  /** What its host tells of its sleep. */
  sleeper: Sleeper | undefined;
  asleepSince: Micros | undefined;
  isStopping = false;
  /** Its disk gave it a reason to fail. */
  mayFail = false;
  readonly #doings: Doings;
  /** What the network brings: it waits in sockets, and after a pause everything else comes first. */
  readonly #arrivals: Doings;
  readonly #failed: (error: unknown) => void;
  readonly #acted: (life: Life) => void;
  readonly #timeline: Timeline;

  constructor(
    host: Machine,
    given: {
      readonly timeline: Timeline;
      readonly random: Random;
      readonly acted: (life: Life) => void;
      readonly failed: (error: unknown) => void;
    },
  ) {
    host.lives += 1;
    this.host = host;
    this.number = host.lives;
    this.chance = given.random;
    this.#acted = given.acted;
    this.#failed = given.failed;
    this.#timeline = given.timeline;
    this.#doings = new Doings(given.timeline, (action) => this.#act(action));
    this.#arrivals = new Doings(given.timeline, (action) => this.#act(action));
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

  /** Whether it has opened its log: nothing is read wrongly here before. */
  get isOpen(): boolean {
    return this.cluster?.member !== undefined;
  }

  get run(): (action: () => void) => void {
    return this.#doings.run;
  }

  /** As {@link run}, for what comes over the network. */
  get hear(): (action: () => void) => void {
    return this.#arrivals.run;
  }

  nowMs(): number {
    return this.host.clock.nowMs();
  }

  wallMs(): number {
    return this.host.clock.wallMs();
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.host.clock.after(delayMs, this.run, run);
  }

  random(): number {
    return this.chance.next();
  }

  pause(): void {
    this.#doings.pause();
    this.#arrivals.pause();
  }

  /** Goes on; what came over the network meanwhile, and what comes now, it hears only after `deafFor`. */
  resume(deafFor: Micros): void {
    this.#doings.resume();
    this.#timeline.after(deafFor, () => {
      if (!this.isPaused) this.#arrivals.resume();
    });
  }

  end(): void {
    this.#doings.end();
    this.#arrivals.end();
  }

  #act(action: () => void): void {
    try {
      within(this, action);
    } catch (error) {
      this.#failed(error);
    }
    this.#acted(this);
  }
}
