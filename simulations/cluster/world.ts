/**
 * Whole peers under simulation. Everything that happens is an event of one timeline, drawn from one seed; all promises that an
 * event lets go on do so before the next. Each machine runs the shipped part of a peer in its cluster; see `ground.ts`.
 */
import type { DiskOperation } from "@parley/raft";
import { Digest } from "../kit/digest.ts";
import { HostClock } from "../kit/host-clock.ts";
import { Network } from "../kit/network.ts";
import { Random } from "../kit/random.ts";
import { MS, Timeline, type Micros } from "../kit/timeline.ts";
import { endOfTurn } from "../kit/turn.ts";
import { Violation } from "../kit/violation.ts";
import type { Happening, Replica } from "./chronicle.ts";
import { groundOf, type GroundWorld } from "./ground.ts";
import { Life, Machine } from "./host.ts";
import type { Household } from "./household.ts";
import { allInvariants } from "./invariants/index.ts";
import type { Library } from "./library.ts";
import { traceLog } from "./log.ts";
import { Lan } from "./mesh/lan.ts";
import type { Plan } from "./plan.ts";

/** A line of the trace. */
export type Trace = (line: string) => void;

/** A peer's part in its cluster. */
export type Member = NonNullable<NonNullable<Life["cluster"]>["member"]>;

/** What matters here of `cluster.json`. */
interface Recorded {
  readonly standing: string;
  readonly cluster: string;
  readonly members: readonly unknown[];
}

/** Of what is written to a disk, and of what is sent. */
const STRIKES_AT_DISK = 0.002;
const STRIKES = 0.01;
const SECRET = "the secret of all that are simulated";

export class World implements GroundWorld {
  readonly plan: Plan;
  readonly library: Library;
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly lan: Lan;
  readonly machines: readonly Machine[];
  readonly digest = new Digest();
  readonly hasFixedLatency = false;
  readonly random: Random;
  events = 0;
  /** Commands that replicas have applied. */
  applied = 0;
  /** Faults stop and everything works again. */
  isHealed = false;
  /** No fault has come yet, but for how far apart peers start. */
  isCalm = true;
  formedInCalm = false;
  /** Hear of everybody who begins to lead. */
  readonly onPrime: ((life: Life) => void)[] = [];
  /** Hears of every prime that is paused or cut off, and for how long. */
  onStruck: (life: Life, duration: Micros) => void = () => undefined;
  /** Hears of everybody who goes on after a pause, or wakes, before that hears anything; and for how long it will not. */
  onWoken: (life: Life, deafFor: Micros) => void = () => undefined;
  /** Hear of everybody who begins to act as prime. */
  readonly onActing: ((life: Life) => void)[] = [];
  /** Hears of every member that begins, in the process that it is of. */
  onMember: (life: Life, member: Member) => void = () => undefined;
  #calls = 0;
  readonly #invariants: ReturnType<typeof allInvariants>;
  readonly #acted = new Set<Life>();
  /** By its member: one that takes part again after a trouble begins anew, with what its disk holds. */
  readonly #seen = new WeakMap<object, Replica>();
  readonly #trace: Trace | undefined;
  readonly #chance: Random;
  #failure: Violation | undefined;

  constructor(library: Library, plan: Plan, household: Household, trace?: Trace) {
    this.library = library;
    this.plan = plan;
    this.#trace = trace;
    this.random = new Random(plan.seed, "world");
    this.#chance = this.random.fork("chance");
    this.network = new Network(this.random.fork("network"));
    this.lan = new Lan(this.timeline, this.network, this.random.fork("lan"));
    this.#invariants = allInvariants(library);
    this.machines = Array.from({ length: plan.machines }, (_, i) => {
      const clock = new HostClock(this.timeline, 1_000 * this.#chance.next());
      return new Machine(i + 1, { ...household(plan.seed, i), clock });
    });
  }

  /** Writes down that something happened; the digest of a run is made of these. */
  note(kind: string, ...values: readonly (string | number | boolean)[]): void {
    this.digest.add(this.timeline.now);
    this.digest.addText(`${kind} ${values.join(" ")}`);
    this.#trace?.(`${(this.timeline.now / MS).toFixed(3)} ${kind} ${values.join(" ")}`);
  }

  /** Names what a client asks. */
  nextCall(): number {
    this.#calls += 1;
    return this.#calls;
  }

  /** Shows the invariants what happened; the first violation ends the run. */
  see(happening: Happening): void {
    try {
      for (const invariant of this.#invariants) invariant.see(happening);
    } catch (error) {
      this.fail(error, "an invariant");
    }
  }

  /** Ends the run; the first to say so is heard. Whatever the package finds impossible is a violation too. */
  fail(error: unknown, where: string): void {
    if (error instanceof Violation) this.#failure ??= error;
    if (this.#failure !== undefined) return;
    const text = error instanceof Error ? error.message : String(error);
    this.#trace?.(error instanceof Error ? (error.stack ?? text) : text);
    this.#failure = new Violation("package-does-not-fail", `${where}: ${text}`);
  }

  /** Runs events until `end`, or until `isDone`. @throws Violation */
  async runUntil(end: Micros, isDone: () => boolean = () => false): Promise<void> {
    while (!isDone() && this.timeline.runNext(end)) {
      await endOfTurn();
      for (const life of this.#acted) this.#look(life);
      this.#acted.clear();
      if (this.#failure !== undefined) throw this.#failure;
      this.events += 1;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  up(): readonly Life[] {
    return this.machines.flatMap(({ life }) => (life === undefined ? [] : [life]));
  }

  /** Lives that lead, as they believe. */
  primes(): readonly Life[] {
    return this.up().filter(({ cluster }) => cluster?.member && this.#seen.get(cluster.member)?.role === "leader");
  }

  start(machine: Machine): void {
    if (machine.life !== undefined) return;
    this.lan.turnOn(machine.number);
    const life = new Life(machine, {
      timeline: this.timeline,
      random: this.random.fork(`life/${machine.name}.${machine.lives + 1}`),
      acted: (acted) => this.#acted.add(acted),
      failed: (error) => this.fail(error, machine.name),
    });
    machine.life = life;
    this.note("start", life.name);
    life.run(() => {
      const cluster = new this.library.ClusterHost(this.#optionsFor(life));
      life.cluster = cluster;
      life.face = new this.library.ClusteredPeer(cluster);
      // It says what it could not do, and tries again; a disk that was full is no news.
      cluster.start().catch((error: unknown) => life.isOver || life.mayFail || this.fail(error, life.name));
    });
  }

  /** The process ends at once; with the power its machine goes too, and what was not synced. */
  crash(machine: Machine, isPowerCut: boolean): void {
    const { life } = machine;
    if (life === undefined) return;
    this.note(isPowerCut ? "power-cut" : "crash", life.name);
    life.end();
    machine.life = undefined;
    if (isPowerCut) this.lan.turnOff(machine.number);
    this.lan.ended(machine.number, isPowerCut);
    machine.clock.goOn();
    for (const file of machine.outboxes.values()) if (isPowerCut) file.cut(this.#chance.next());
    for (const disk of machine.logs.values())
      disk.crash(isPowerCut ? () => this.#chance.next() : () => 1 - Number.EPSILON);
  }

  crashAndRestart(machine: Machine, isPowerCut: boolean, pause: Micros): void {
    this.crash(machine, isPowerCut);
    this.timeline.after(pause, () => this.start(machine));
  }

  /** In order, as by SIGTERM. */
  stop(machine: Machine, ended: () => void): void {
    const { life } = machine;
    if (life?.face === undefined || life.isStopping) return;
    this.note("stop", life.name);
    life.isStopping = true;
    const { face } = life;
    life.run(() => {
      face.close().then(
        () => {
          if (life.isOver) return;
          this.crash(machine, false);
          ended();
        },
        (error: unknown) => life.isOver || life.mayFail || this.fail(error, life.name),
      );
    });
  }

  /** @param sleeps the machine with it, and its clock */
  pause(machine: Machine, sleeps: boolean): void {
    const { life } = machine;
    if (life === undefined || life.isPaused) return;
    this.note(sleeps ? "sleep" : "pause", life.name);
    life.pause();
    if (!sleeps) return;
    life.asleepSince = this.timeline.now;
    machine.clock.standStill();
    this.lan.turnOff(machine.number);
  }

  /** @param deafFor what comes over the network waits in its sockets so much longer */
  resume(machine: Machine, deafFor: Micros = 0): void {
    const { life } = machine;
    if (life?.isPaused !== true) return;
    this.note("resume", life.name);
    machine.clock.goOn();
    this.lan.turnOn(machine.number);
    life.resume(deafFor);
    this.onWoken(life, deafFor);
    const { asleepSince } = life;
    life.asleepSince = undefined;
    if (asleepSince !== undefined) life.run(() => life.sleeper?.wake((this.timeline.now - asleepSince) / MS));
  }

  after(delay: Micros, run: () => void): void {
    this.timeline.after(delay, run);
  }

  run(life: Life, action: () => void): void {
    life.run(action);
  }

  mayDoubt(): boolean {
    return false;
  }

  strikes(life: Life, operation?: DiskOperation): boolean {
    if (life.isOver) return true;
    if (this.isHealed || this.isCalm || !this.plan.faults.has("crash-at-any-await")) return false;
    const chance = this.plan.intensity * (operation === undefined ? STRIKES : STRIKES_AT_DISK);
    if (!this.#chance.chance(chance)) return false;
    const isPowerCut = this.plan.faults.has("power-cut") && this.#chance.chance(0.5);
    this.crashAndRestart(life.host, isPowerCut, this.#chance.between(10, 4_000) * MS);
    return true;
  }

  accepted(life: Life, peer: string, what: string): void {
    const hasRevoked = life.cluster?.member?.shared.now.revoked.has(peer) === true;
    this.see({ type: "accepted", life: life.name, self: life.host.peerId, peer, what, hasRevoked });
  }

  recorded(life: Life, text: string): void {
    const { standing, cluster, members }: Recorded = JSON.parse(text);
    const { number: machine, hasBelonged } = life.host;
    this.note("recorded", life.name, standing, members.length);
    this.see({ type: "recorded", machine, standing, cluster, hasBelonged });
    // A founder that is still alone may give its cluster up, and is then as if it had never belonged.
    if (standing !== "founding" && members.length > 1) life.host.hasBelonged = true;
  }

  replicas(): readonly Replica[] {
    return this.up().flatMap(({ cluster }) => {
      const member = cluster?.member;
      return member === undefined ? [] : (this.#seen.get(member) ?? []);
    });
  }

  #look(life: Life): void {
    const { cluster: host } = life;
    const member = host?.member;
    if (life.isOver || member === undefined) return;
    const { role, term, isStopped, confState } = member.agreement.consensus.node.status();
    const { cluster } = member.roster;
    const state = member.shared.now;
    const before = this.#seen.get(member);
    if (isStopped) return;
    if (state.revoked.size > 0) this.#lookAtStreams(life, state.revoked);
    if (before === undefined) this.timeline.after(0, () => life.run(() => this.onMember(life, member)));
    if (before?.state.index === state.index && before.term === term && before.role === role) return;
    const { number: machine, peerId: peer } = life.host;
    const { voters } = confState;
    const replica = { life: life.name, machine, peer, cluster, state, role, term, voters, at: this.timeline.now };
    this.#seen.set(member, replica);
    if (before?.state.index !== state.index) this.applied += 1;
    this.digest.add(state.index);
    this.see({ type: "replica", replica, before: before?.state });
    if (role !== "leader" || before?.role === "leader") return;
    this.note("leads", life.name, term);
    for (const hear of this.onPrime) hear(life);
  }

  /** What was opened before is as good as accepted once more. */
  #lookAtStreams(life: Life, revoked: { has(peer: string): boolean }): void {
    for (const { isOpen, peer, streams } of life.mesh?.ends ?? []) {
      if (isOpen && revoked.has(peer)) for (const what of streams) this.accepted(life, peer, what);
    }
  }

  #optionsFor(life: Life): ConstructorParameters<Library["ClusterHost"]>[0] {
    const { host } = life;
    return {
      identity: host.identity,
      name: host.name,
      version: "0.0.0",
      folder: `/${host.name}`,
      listen: [{ host: "0.0.0.0", port: 8766 }],
      discovery: {
        knownHosts: this.machines
          .filter((other) => other !== host)
          .map(({ number }) => ({ host: `10.0.0.${number}`, port: 8766, peerId: undefined })),
      },
      joinSecret: SECRET,
      describe: () => ({
        host: host.name,
        platform: "simulated",
        version: "0.0.0",
        roles: [],
        hardware: [],
        models: [],
        languages: [],
        voices: [],
      }),
      services: () => [],
      watchSleep: (sleeper) => {
        life.sleeper = sleeper;
        return { close: async () => undefined };
      },
      log: traceLog((line) => this.#trace?.(`${(this.timeline.now / MS).toFixed(3)}   ${life.name} ${line}`)),
      timing: this.plan.timing,
      ground: groundOf(this, life),
    };
  }
}
