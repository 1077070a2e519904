/**
 * Hosts under simulation. Everything that happens is an event of one timeline, drawn from one seed; all promises that an
 * event lets go on do so before the next. Each host runs the shipped actor system and remoting; see `life.ts`.
 */
import type { Fence } from "@parley/actors";
import type { MemoryNetwork } from "@parley/actors/testing";
import { Digest } from "../kit/digest.ts";
import { HostClock } from "../kit/host-clock.ts";
import { Random } from "../kit/random.ts";
import { MS, Timeline, type Micros } from "../kit/timeline.ts";
import { endOfTurn } from "../kit/turn.ts";
import { Violation } from "../kit/violation.ts";
import type { Happening } from "./chronicle.ts";
import { Consensus } from "./consensus.ts";
import { actorClock } from "./clock.ts";
import { Host, Life } from "./host.ts";
import { allInvariants } from "./invariants/index.ts";
import type { Library } from "./library.ts";
import { Mortals } from "./mortals.ts";
import { PlacementRecord } from "./placement/record.ts";
import type { Plan } from "./plan.ts";
import { Streams } from "./streaming/streams.ts";

/** A line of the trace. */
export type Trace = (line: string) => void;

/** Until a host that was paused hears of consensus again, and until another leads in place of one that is gone. */
const HEARS_AGAIN: Micros = 100 * MS;
const ELECTION: Micros = 400 * MS;

/** What makes a host's life, and looks at it after each event that it took part in. */
export interface Lives {
  readonly begin: (world: World, life: Life) => void;
  readonly look: (world: World, life: Life) => void;
}

export class World {
  readonly plan: Plan;
  readonly library: Library;
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly hosts: readonly Host[];
  readonly mortals = new Mortals();
  readonly consensus: Consensus;
  readonly streams = new Streams();
  /** Of what entities and singletons write to; it outlives all hosts. */
  readonly sink: Fence;
  readonly placement: PlacementRecord;
  readonly digest = new Digest();
  events = 0;
  /** Messages that handlers have finished with. */
  handled = 0;
  /** Faults stop and everything works again. */
  isHealed = false;
  readonly #lives: Lives;
  readonly #invariants = allInvariants();
  readonly #acted = new Set<Life>();
  readonly #trace: Trace | undefined;
  #failure: Violation | undefined;

  constructor(library: Library, plan: Plan, lives: Lives, trace?: Trace) {
    this.#lives = lives;
    this.library = library;
    this.plan = plan;
    this.#trace = trace;
    this.random = new Random(plan.seed, "world");
    const clock = actorClock(
      new HostClock(this.timeline),
      (action) => action(),
      () => false,
    );
    const weather = this.random.fork("network");
    this.network = new library.testing.MemoryNetwork({ clock, random: () => weather.next() });
    this.hosts = Array.from({ length: plan.hosts }, (_, i) => new Host(`h${i + 1}`));
    const names = this.hosts.map(({ name }) => name);
    const mayBeLate = (): boolean => plan.faults.has("consensus-cut") && !this.isHealed;
    this.consensus = new Consensus(library, clock, names, this.random.fork("consensus"), mayBeLate);
    this.sink = new library.actors.Fence();
    this.placement = new PlacementRecord(this);
    for (const host of this.hosts) this.start(host);
    this.elect(names[0]);
  }

  elect(leader: string | undefined): void {
    this.note("elect", leader ?? "nobody");
    this.consensus.elect(leader);
  }

  /** Writes down that something happened; the digest of a run is made of these. */
  note(kind: string, ...values: readonly (string | number | boolean)[]): void {
    this.digest.add(this.timeline.now);
    this.digest.addText(`${kind} ${values.join(" ")}`);
    this.#trace?.(`${(this.timeline.now / MS).toFixed(3)} ${kind} ${values.join(" ")}`);
  }

  /** Shows the invariants what happened; the first violation ends the run. */
  see(happening: Happening): void {
    if (happening.type === "handled") this.handled += 1;
    try {
      for (const { see } of this.#invariants) see(happening);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the run; the first to say so is heard. Whatever the package finds impossible is a violation too. */
  fail(error: unknown, where = "somewhere"): void {
    if (error instanceof Violation) this.#failure ??= error;
    if (this.#failure !== undefined) return;
    const text = error instanceof Error ? error.message : String(error);
    this.#trace?.(error instanceof Error ? (error.stack ?? text) : text);
    const isAssertion = error instanceof this.library.actors.InvariantError;
    this.#failure = new Violation(isAssertion ? "package-assertions" : "package-does-not-fail", `${where}: ${text}`);
  }

  /** Runs events until `end`. @throws Violation. */
  async runUntil(end: Micros): Promise<void> {
    while (this.timeline.runNext(end)) {
      await endOfTurn();
      for (const changed of this.consensus.news()) this.see(changed);
      for (const life of this.#acted) this.#lives.look(this, life);
      this.#acted.clear();
      if (this.#failure !== undefined) throw this.#failure;
      this.events += 1;
    }
    // What was seen between events, after the last one too.
    if (this.#failure !== undefined) throw this.#failure;
  }

  up(): readonly Life[] {
    return this.hosts.flatMap(({ life }) => (life === undefined ? [] : [life]));
  }

  start(host: Host): void {
    if (host.life !== undefined) return;
    const life = new Life(
      host,
      this.timeline,
      (acted) => this.#acted.add(acted),
      (error) => this.fail(error, host.name),
    );
    host.life = life;
    this.note("start", life.name);
    this.#lives.begin(this, life);
  }

  /** As by kill -9. */
  kill(life: Life): void {
    if (life.isOver) return;
    this.note("kill", life.name);
    this.network.kill(life.host.name);
    this.#end(life);
  }

  /** It stops by itself, and is gone then. */
  stop(life: Life, ended: () => void): void {
    const { system, remoting } = life;
    if (system === undefined || remoting === undefined || life.isStopping) return;
    this.note("stop", life.name);
    life.isStopping = true;
    const leave = async (): Promise<void> => {
      await system.stop();
      await remoting.close();
      this.note("stopped", life.name);
      this.#end(life);
      ended();
    };
    life.run(() => {
      leave().catch((error: unknown) => this.fail(error, life.name));
    });
  }

  pause(life: Life, timeStandsStill: boolean): void {
    if (life.isPaused) return;
    this.note("pause", life.name, timeStandsStill);
    life.pause(timeStandsStill);
    this.consensus.cutOff(life.host.name);
  }

  resume(life: Life): void {
    if (!life.isPaused || life.isOver) return;
    this.note("resume", life.name);
    life.resume();
    this.timeline.after(HEARS_AGAIN, () => this.consensus.reconnect(life.host.name));
  }

  /** The first that lives and is a member. */
  #candidate(): string | undefined {
    const { current } = this.consensus.membership;
    return this.up().find(({ host: { name } }) => current.includes(name))?.host.name;
  }

  #end(life: Life): void {
    life.end();
    life.host.life = undefined;
    this.mortals.hostEnded(life);
    if (life.isPaused) this.consensus.reconnect(life.host.name);
    this.#replaceLeader(life.host.name);
  }

  /** Once there is somebody: all hosts may be gone at a time. */
  #replaceLeader(gone: string): void {
    if (this.consensus.leader !== gone) return;
    this.timeline.after(ELECTION, () => {
      const next = this.#candidate();
      if (next === undefined) this.#replaceLeader(gone);
      else if (this.consensus.leader === gone) this.elect(next);
    });
  }
}
